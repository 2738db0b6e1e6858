-- out: the server's process; another one the next time if a pooler is in between
select pg_backend_pid()
