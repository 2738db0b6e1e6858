-- in: the lock's key
-- out: one row; the lock is ours until the transaction ends. 55P03 after lock_timeout
SELECT pg_advisory_xact_lock(?)
