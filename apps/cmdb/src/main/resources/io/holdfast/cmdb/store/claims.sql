-- in: two arrays: kinds and values of weak keys
-- out: kind, value, machine for each machine that claims one
SELECT c.kind, c.value, c.machine_id
  FROM unnest(?::text[], ?::text[]) AS asked(kind, value)
  JOIN weak_claim c USING (kind, value)
