-- in: an id, a version that was the last one before, how many at most
-- out: its versions before that, newest first: version, when, cause, token, reports, diff
SELECT version, at, cause, fence, reports, diff FROM history
 WHERE machine_id = ? AND version < ? ORDER BY version DESC LIMIT ?
