-- in: an array of ids
-- out: those machines, locked in the order of their ids until this transaction ends. For "bench" to compare
SELECT id, created, merged_into, rules, state, fence, version FROM machine WHERE id = ANY (?) ORDER BY id FOR UPDATE
