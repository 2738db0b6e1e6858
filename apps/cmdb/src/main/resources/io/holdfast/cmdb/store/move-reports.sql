-- in: the machine they come to, its version, an array of reports' ids
-- out: those reports are its own
UPDATE report SET machine_id = ?, version = ? WHERE id = ANY (?)
