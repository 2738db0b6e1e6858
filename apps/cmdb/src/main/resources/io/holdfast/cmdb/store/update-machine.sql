-- in: merged_into, rules, record, state, conflicts, token, id, token, the version that was read
-- out: 1 row; 0 if the fence is newer or the version another
UPDATE machine
   SET merged_into = ?, rules = ?, record = ?::jsonb, state = ?, conflicts = ?, fence = ?, version = version + 1,
       updated_at = clock_timestamp()
 WHERE id = ? AND fence <= ? AND version = ?
