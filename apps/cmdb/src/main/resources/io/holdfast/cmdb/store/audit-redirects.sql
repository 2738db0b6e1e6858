-- in: nothing
-- out: machines that were merged into one that is not there
SELECT m.id FROM machine m LEFT JOIN machine t ON t.id = m.merged_into
 WHERE m.merged_into IS NOT NULL AND t.id IS NULL
