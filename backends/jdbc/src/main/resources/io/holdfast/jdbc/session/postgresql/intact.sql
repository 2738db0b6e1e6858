-- in: nothing
-- out: how many locks of a 64-bit key this session has
select count(*) from pg_locks where locktype = 'advisory' and objsubid = 1 and granted and pid = pg_backend_pid()
