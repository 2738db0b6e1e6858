-- in: name, token
-- out: 1 row, now at the token and locked until the transaction ends; 0 if its fence is newer
INSERT INTO holdfast_fence AS f (name, fence)
VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET fence = excluded.fence WHERE f.fence <= excluded.fence
