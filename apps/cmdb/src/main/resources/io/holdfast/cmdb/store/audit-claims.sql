-- in: nothing
-- out: machine, kind, value of all weak keys that machines claim, by machine
SELECT machine_id, kind, value FROM weak_claim ORDER BY machine_id COLLATE "C"
