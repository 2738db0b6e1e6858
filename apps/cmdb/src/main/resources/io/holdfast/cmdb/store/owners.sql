-- in: two arrays of equal length: kinds and values of strong keys
-- out: kind, value, machine for each of them that a machine has
SELECT k.kind, k.value, k.machine_id
  FROM unnest(?::text[], ?::text[]) AS asked(kind, value)
  JOIN identity_key k USING (kind, value)
