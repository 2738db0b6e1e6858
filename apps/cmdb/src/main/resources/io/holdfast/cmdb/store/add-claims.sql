-- in: three arrays: kinds, values, machines
-- out: those claims are there
INSERT INTO weak_claim (kind, value, machine_id)
SELECT kind, value, machine_id
  FROM unnest(?::text[], ?::text[], ?::text[]) WITH ORDINALITY AS given(kind, value, machine_id, place)
 ORDER BY place
    ON CONFLICT DO NOTHING
