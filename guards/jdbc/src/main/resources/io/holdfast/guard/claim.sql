-- in: {table} {id} {fence} {holder}; token, holder, id, token, token, holder
-- out: 1 row, now claimed; 0 if another holder's fence is in the way, or there is no such record. MySQL's count hangs on a setting of the driver: claimed.sql decides
UPDATE {table}
   SET {fence} = ?, {holder} = ?
 WHERE {id} = ? AND ({fence} < ? OR {fence} = ? AND {holder} = ?)
