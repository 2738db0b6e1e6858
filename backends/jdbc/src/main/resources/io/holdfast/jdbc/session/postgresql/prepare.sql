-- in: livesFor, how long the server keeps the session in silence, and rowWait, how long a question waits for a row; ms
-- out: the three as the server has them now; why the second, see ask.sql
select set_config('lock_timeout', :rowWait, false),
       set_config('synchronous_commit', 'off', false),
       set_config('idle_session_timeout', :livesFor, false)
