-- in: a time, as text
-- out: one row; until the transaction ends, no wait for a lock is longer than that
SELECT set_config('lock_timeout', ?, true)
