-- in: an array of machines
-- out: kind, value of each weak key that one of them claims
SELECT DISTINCT kind, value FROM weak_claim WHERE machine_id = ANY (?)
