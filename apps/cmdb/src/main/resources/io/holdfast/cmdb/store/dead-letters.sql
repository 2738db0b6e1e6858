-- in: file and line of the last one before; a category or null for all, twice; how many at most
-- out: dead letters by file and line: file, line, category, reason, when
SELECT file, line, category, reason, at FROM dead_letter
 WHERE (file, line) > (?, ?) AND (?::text IS NULL OR category = ?) ORDER BY file, line LIMIT ?
