-- in: kind, value, machine
-- out: reports that this weak key stands for live with that machine
INSERT INTO weak_home (kind, value, machine_id) VALUES (?, ?, ?)
    ON CONFLICT (kind, value) DO UPDATE SET machine_id = excluded.machine_id
