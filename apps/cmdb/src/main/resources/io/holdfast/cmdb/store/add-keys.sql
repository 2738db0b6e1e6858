-- in: two arrays: kinds and values of strong keys, sorted, so that two writers wait in one order; the machine
-- out: nothing for a key that a machine has already; the caller looks whose it is
INSERT INTO identity_key (kind, value, machine_id)
SELECT kind, value, machine_id
  FROM unnest(?::text[], ?::text[], ?::text[]) WITH ORDINALITY AS given(kind, value, machine_id, place)
 ORDER BY place
    ON CONFLICT DO NOTHING
