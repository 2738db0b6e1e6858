-- in:  nothing
-- out: the rows deleted, a batch at most: idle for a day, and with tokens that the clock has passed an hour ago
-- A row that somebody has locked holds up nobody, and goes the next time.
with idle as materialized (
  select name
  from {table}
  where expires_at < {now} - 86400000000 and last_token < {now} - 3600000000
  limit {batch}
  for update skip locked
)
delete from {table} as swept
using idle
where swept.name = idle.name
