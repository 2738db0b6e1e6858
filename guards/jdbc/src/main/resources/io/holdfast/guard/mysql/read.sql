-- in: {table} {columns} {id}; id
-- out: these columns of the record as last committed, which a plain SELECT at REPEATABLE READ, the default, does not see; no row if there is no such record
SELECT {columns}
  FROM {table}
 WHERE {id} = ?
  LOCK IN SHARE MODE
