-- in: an array of machines
-- out: their reports
SELECT id, source, observed_at, machine_id, version, outdated, body FROM report WHERE machine_id = ANY (?)
