-- in: {table} {id} {fence} {version}; id
-- out: the record's fence and version; no row if there is no such record
SELECT {fence}, {version}
  FROM {table}
 WHERE {id} = ?
