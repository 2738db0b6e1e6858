-- in: key, name
-- out: label and token of the last grant, if any session has the lock
select label, token
from pg_locks left join {table} on name = :name
where locktype = 'advisory' and objsubid = 1 and granted
  and classid::bigint = (:key >> 32) & 4294967295 and objid::bigint = :key & 4294967295
  and database = (select oid from pg_database where datname = current_database())
