-- in: nothing
-- out: the ledger, by machine
SELECT id, source, observed_at, machine_id, version, outdated, body FROM report ORDER BY machine_id COLLATE "C"
