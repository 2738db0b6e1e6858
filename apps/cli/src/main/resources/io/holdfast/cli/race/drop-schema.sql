-- in: the race's own name
-- out: nothing of it is left, once the workers' last statements have ended
set lock_timeout = '10s';
drop schema if exists %s cascade
