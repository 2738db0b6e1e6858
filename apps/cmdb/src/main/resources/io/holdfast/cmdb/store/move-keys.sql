-- in: the machine they come to, an array of machines
-- out: the strong keys of those are its own
UPDATE identity_key SET machine_id = ? WHERE machine_id = ANY (?)
