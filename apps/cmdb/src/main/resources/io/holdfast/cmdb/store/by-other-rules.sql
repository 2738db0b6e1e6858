-- in: how many at most
-- out: machines whose record was made by rules that are no longer in force
SELECT id FROM machine WHERE merged_into IS NULL AND rules <> (SELECT id FROM rules_in_force) ORDER BY id LIMIT ?
