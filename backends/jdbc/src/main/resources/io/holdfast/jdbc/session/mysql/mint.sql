-- in: name, above, span, label; the lock is ours
-- out: the first token as the statement's generated key
-- Assignments run from left to right: last_token, which the first one needs, comes second.
insert into {table} (name, label, token, last_token, expires_at)
select :name, :label, last_insert_id(first), first + :span - 1, now
from (
  select now, greatest(now, :above + 1) as first
  from (select timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) as now) as clock
) as wish
on duplicate key update
  token = last_insert_id(greatest(values(token), last_token + 1)),
  last_token = token + :span - 1,
  label = values(label),
  expires_at = greatest(values(expires_at), {table}.expires_at)
