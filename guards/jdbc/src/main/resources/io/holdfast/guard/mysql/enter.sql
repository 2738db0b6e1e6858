-- in: name, token
-- out: a count that hangs on a setting of the driver; the row is locked until the transaction ends, at the token unless its fence is newer
INSERT INTO holdfast_fence (name, fence)
SELECT e.name, e.fence
  FROM (SELECT ? AS name, ? AS fence) AS e
    ON DUPLICATE KEY UPDATE fence = greatest(holdfast_fence.fence, e.fence)
