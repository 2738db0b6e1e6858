-- in: three arrays: kinds and values of weak keys, the machine that would claim each
-- out: the place (from 1) of each that it claims already
SELECT asked.place
  FROM unnest(?::text[], ?::text[], ?::text[]) WITH ORDINALITY AS asked(kind, value, machine_id, place)
  JOIN weak_claim c USING (kind, value, machine_id)
