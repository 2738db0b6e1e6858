-- in: {table} {columns} {id} {fence} {holder}; the columns' values, id, token, holder
-- out: 1 row updated; 0 if that holder has not claimed it, or not last, or there is no such record
UPDATE {table}
   SET {columns}
 WHERE {id} = ? AND {fence} = ? AND {holder} = ?
