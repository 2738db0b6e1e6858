-- in: two arrays: kinds and values of weak keys
-- out: kind, value, machine for each under which reports without strong keys live
SELECT h.kind, h.value, h.machine_id
  FROM unnest(?::text[], ?::text[]) AS asked(kind, value)
  JOIN weak_home h USING (kind, value)
