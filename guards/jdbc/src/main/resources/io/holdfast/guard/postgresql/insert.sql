-- in: {table} {columns} {values} {id} {fence} {version}; the columns' values, id, token
-- out: 1 row inserted, at version 1; 0 if the record exists; 23505 if another record has a value that must be unique
INSERT INTO {table} ({columns}{id}, {fence}, {version})
VALUES ({values}?, ?, 1)
ON CONFLICT ({id}) DO NOTHING
