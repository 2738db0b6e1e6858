-- in: the machine they come to, an array of machines
-- out: it claims what those claim
INSERT INTO weak_claim (kind, value, machine_id)
SELECT DISTINCT kind, value, ? FROM weak_claim WHERE machine_id = ANY (?)
    ON CONFLICT DO NOTHING
