-- in: name
-- out: the fence of that name as last committed; no row if nobody ever entered
SELECT fence
  FROM holdfast_fence
 WHERE name = ?
   FOR UPDATE
