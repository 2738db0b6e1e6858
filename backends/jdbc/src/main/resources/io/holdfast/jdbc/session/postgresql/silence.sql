-- in: nothing
-- out: how long the server keeps this session in silence, in ms
select setting::bigint from pg_settings where name = 'idle_session_timeout'
