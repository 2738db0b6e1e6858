-- in: name, token
-- out: 1 row, now at the token and locked until the transaction ends; 0 if its fence is newer; 23505 to one of two first entrants
MERGE INTO holdfast_fence AS f
USING (VALUES (CAST(? AS varchar), CAST(? AS bigint))) AS e (name, fence)
   ON f.name = e.name
 WHEN MATCHED AND f.fence <= e.fence THEN UPDATE SET fence = e.fence
 WHEN NOT MATCHED THEN INSERT (name, fence) VALUES (e.name, e.fence)
