-- in: key, name, label, span, above
-- out: whether the lock is ours (null: not asked for, above is more than 400 days ahead), its first token
--
-- The row's token cannot be an old one, though the statement's snapshot is older than the lock: what meets a row that is
-- there already works on its newest version (READ COMMITTED). That its commit is not awaited (synchronous_commit is off)
-- costs nothing: a crash that loses the row ends all sessions, and the next token is not below the clock. For a token ahead
-- of the clock it is awaited.
with clock as (
  select floor(extract(epoch from clock_timestamp()) * 1000000)::bigint as micros
), answer as materialized (
  select micros, case when :above <= micros + {farthest} then pg_try_advisory_lock(:key) end as ours
  from clock
), minted as (
  insert into {table} as kept (name, label, token, last_token, expires_at)
  select :name, :label, greatest(micros, :above + 1), greatest(micros, :above + 1) + :span - 1, micros
  from answer
  where ours
  on conflict (name) do update
  set label = excluded.label,
      token = greatest(excluded.token, kept.last_token + 1),
      last_token = greatest(excluded.token, kept.last_token + 1) + :span - 1,
      expires_at = greatest(excluded.expires_at, kept.expires_at)
  returning token
)
select ours, (select token from minted),
  case when (select token from minted) > micros then set_config('synchronous_commit', 'on', true) end
from answer
