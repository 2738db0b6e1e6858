-- in: id, created, merged_into, rules, record, state, conflicts, fence
-- out: 1 row; 0 if it is there
INSERT INTO machine (id, created, merged_into, rules, record, state, conflicts, fence, version)
VALUES (?, ?, ?, ?, ?::jsonb, ?, ?, ?, 1)
    ON CONFLICT (id) DO NOTHING
