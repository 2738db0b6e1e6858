-- in: {table} {columns} {values} {id} {fence} {version}; the columns' values, id, token
-- out: 1 row inserted, at version 1; SQLSTATE 23 if the record exists, or another one has a value that must be unique
INSERT INTO {table} ({columns}{id}, {fence}, {version})
VALUES ({values}?, ?, 1)
