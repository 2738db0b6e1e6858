-- in: {table} {id} {fence} {holder}; id, token, holder
-- out: the record, if that holder has claimed it
SELECT *
  FROM {table}
 WHERE {id} = ? AND {fence} = ? AND {holder} = ?
