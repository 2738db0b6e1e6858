-- in: two arrays: kinds and values of weak keys; how many at most
-- out: machines with a report without a strong key that names one of them, although another key stands for it
SELECT DISTINCT r.machine_id
  FROM unnest(?::text[], ?::text[]) AS asked(kind, value), weak_home h JOIN report r USING (machine_id)
 WHERE jsonb_exists(r.body::jsonb -> 'keys' -> asked.kind, asked.value)
 LIMIT ?
