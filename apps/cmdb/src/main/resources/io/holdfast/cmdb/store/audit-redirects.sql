-- in: nothing
-- out: machines that were merged into one that is not there, or into each other
WITH RECURSIVE there AS (
  SELECT id FROM machine WHERE merged_into IS NULL
   UNION
  SELECT m.id FROM machine m JOIN there ON m.merged_into = there.id
)
SELECT id FROM machine EXCEPT SELECT id FROM there ORDER BY 1
