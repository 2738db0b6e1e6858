-- in: merged_into, rules, record, state, conflicts, token, id
-- out: the new version. No guard: what was written since the read is lost. For "demo" to show
UPDATE machine
   SET merged_into = ?, rules = ?, record = ?::jsonb, state = ?, conflicts = ?, fence = ?, version = version + 1,
       updated_at = clock_timestamp()
 WHERE id = ?
RETURNING version
