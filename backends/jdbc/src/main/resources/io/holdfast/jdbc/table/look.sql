-- in:  name, claim
-- out: one row: whether the claim has the lock, token, last token, µs that others have it, now
select case when held.claim = :claim then 1 else 0 end,
       coalesce(held.token, 0),
       coalesce(held.last_token, 0),
       case when held.claim is null then 0 else held.expires_at - clock.now end,
       clock.now
from (select {now} as now) clock
left join {table} held on held.name = :name
