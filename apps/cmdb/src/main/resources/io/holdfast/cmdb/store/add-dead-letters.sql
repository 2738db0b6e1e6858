-- in: arrays: files, lines (0: the whole file), categories, reasons
-- out: they are there, each place in a file once, with the latest reason
INSERT INTO dead_letter (file, line, category, reason)
SELECT DISTINCT ON (file, line) file, line, category, reason
  FROM unnest(?::text[], ?::bigint[], ?::text[], ?::text[]) WITH ORDINALITY AS given(file, line, category, reason, place)
 ORDER BY file, line, place DESC
    ON CONFLICT (file, line) DO UPDATE SET category = excluded.category, reason = excluded.reason, at = clock_timestamp()
