-- in: file, line and id of the last one before; a category or null for all, twice; how many at most
-- out: dead letters by file and line: file, line, category, reason, when, id
SELECT file, line, category, reason, at, id FROM dead_letter
 WHERE (file, line, id) > (?, ?, ?) AND (?::text IS NULL OR category = ?) ORDER BY file, line, id LIMIT ?
