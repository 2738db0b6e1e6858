-- in: {table} {columns} {id} {fence} {version}; the columns' values, token, id, token, the version that was read
-- out: 1 row updated; 0 if the fence is newer, the version is another, or there is no such record
UPDATE {table}
   SET {columns}{fence} = ?, {version} = {version} + 1
 WHERE {id} = ? AND {fence} <= ? AND {version} = ?
