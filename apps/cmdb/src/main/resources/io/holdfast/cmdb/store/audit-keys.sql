-- in: nothing
-- out: machine, kind, value of all strong keys, by machine
SELECT machine_id, kind, value FROM identity_key ORDER BY machine_id COLLATE "C"
