-- in:  name, claim, label, lease in µs, span, above, waits (whether to note that someone waits)
-- out: one row: whether the claim has the lock, token, last token, µs that others have it, now
with taken as ( -- with nothing to note: answered by reading alone
  select 1
  from {table}
  where name = :name and claim <> :claim and expires_at > {now}
    and (not :waits or waiting_until >= expires_at)
), granted as (
  insert into {table} as held (name, claim, label, token, last_token, expires_at)
  select :name, :claim, :label, first, first + :span - 1, now + :lease
  from (select now, greatest(:above + 1, now) as first from (select {now} as now) as clock) as ask
  where not exists (select from taken)
    and :above <= now + {farthest} and first + :span <= {limit}
  on conflict (name) do update
  set claim = excluded.claim,
      label = excluded.label,
      token = case
        when held.claim = excluded.claim then held.token
        else greatest(held.last_token + 1, excluded.token)
      end,
      last_token = case
        when held.claim = excluded.claim then held.last_token
        else greatest(held.last_token + 1, excluded.token) + :span - 1
      end,
      expires_at = {now} + :lease
  where held.claim = excluded.claim
    or (held.claim is null or held.expires_at <= {now})
      and greatest(held.last_token + 1, excluded.token) + :span <= {limit}
  returning token, last_token
), noted as ( -- the row is locked by now, so that no release comes in between
  update {table}
  set waiting_until = expires_at + 5000000
  where :waits and name = :name and claim <> :claim and waiting_until < expires_at
    and not exists (select from taken) and not exists (select from granted)
)
select 1, token, last_token, 0, {now}
from granted
union all
select 0,
       coalesce(held.token, 0),
       coalesce(held.last_token, 0),
       case when held.claim is null then 0 else held.expires_at - clock.now end,
       clock.now
from (select {now} as now) as clock
left join {table} as held on held.name = :name
where not exists (select from granted)
