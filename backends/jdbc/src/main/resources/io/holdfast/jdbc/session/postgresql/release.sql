-- in: key
-- out: whether this session had the lock
select pg_advisory_unlock(:key)
