-- in: {table} {columns} {id}; id
-- out: these columns of the record; no row if there is no such record
SELECT {columns}
  FROM {table}
 WHERE {id} = ?
