-- in: name, token
-- out: 1 row, now at the token and locked until the transaction ends; 0 if its fence is newer. HOLDLOCK: of two first entrants one waits
MERGE INTO holdfast_fence WITH (HOLDLOCK) AS f
USING (VALUES (?, ?)) AS e (name, fence)
   ON f.name = e.name
 WHEN MATCHED AND f.fence <= e.fence THEN UPDATE SET fence = e.fence
 WHEN NOT MATCHED THEN INSERT (name, fence) VALUES (e.name, e.fence);
