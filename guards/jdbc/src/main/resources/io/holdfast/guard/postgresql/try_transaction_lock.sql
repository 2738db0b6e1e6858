-- in: the lock's key
-- out: one row: the level of isolation, lock_timeout, and whether the lock is ours until the transaction ends; above READ COMMITTED it is not asked for
SELECT level,
       current_setting('lock_timeout'),
       CASE WHEN level IN ('read committed', 'read uncommitted') THEN pg_try_advisory_xact_lock(?) END
  FROM current_setting('transaction_isolation') AS level
