-- in: nothing; run as it is, because what a prepared statement sets ends with it
-- out: nothing; a question waits at most 1 s for a row
set lock_timeout 1000
