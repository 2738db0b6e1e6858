-- in: nothing
-- out: all machines, in the order of their ids' bytes
SELECT id, created, merged_into, rules, state, fence, version, record::text, conflicts FROM machine ORDER BY id COLLATE "C"
