-- in: nothing
-- out: the server process that answers
select pg_backend_pid()
