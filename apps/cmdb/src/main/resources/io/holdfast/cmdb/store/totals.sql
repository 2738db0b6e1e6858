-- in: nothing
-- out: one row: machines, redirects not counted; attributes in conflict
SELECT count(*), coalesce(sum(conflicts), 0) FROM machine WHERE merged_into IS NULL
