-- in: an array of machines
-- out: they claim nothing
DELETE FROM weak_claim WHERE machine_id = ANY (?)
