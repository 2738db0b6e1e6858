-- in: arrays: files, lines (0: the whole file), categories, reasons
-- out: they are there; the same place with the same reason once, with the latest moment
INSERT INTO dead_letter (id, file, line, category, reason)
SELECT DISTINCT ON (id) md5(concat_ws(chr(10), file, line, reason)) AS id, file, line, category, reason
  FROM unnest(?::text[], ?::bigint[], ?::text[], ?::text[]) AS given(file, line, category, reason)
 ORDER BY id
    ON CONFLICT (id) DO UPDATE SET at = clock_timestamp()
