-- in: name
-- out: the fence of that name; no row if nobody ever entered
SELECT fence
  FROM holdfast_fence
 WHERE name = ?
