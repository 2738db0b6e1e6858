-- in: an array of ids
-- out: those machines
SELECT id, created, merged_into, rules, state, fence, version FROM machine WHERE id = ANY (?)
