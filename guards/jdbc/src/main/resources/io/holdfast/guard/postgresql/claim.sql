-- in: {table} {id} {fence} {holder}; token, holder, id, token, token, holder
-- out: the record, now claimed; no row if another holder's fence is in the way, or there is no such record
UPDATE {table}
   SET {fence} = ?, {holder} = ?
 WHERE {id} = ? AND ({fence} < ? OR {fence} = ? AND {holder} = ?)
RETURNING *
