-- in: as for known
-- out: as for known; the machines are locked in the order of their ids until this transaction ends. For "bench"
SELECT m.id, m.created, m.merged_into, m.rules, m.state, m.fence, m.version, asked.places, asked.rules
  FROM (SELECT ARRAY(SELECT id || ' ' || machine_id || ' ' || version FROM report WHERE id = ANY (?)) AS places,
               (SELECT id FROM rules_in_force WHERE one) AS rules) AS asked
  LEFT JOIN (SELECT * FROM machine WHERE id = ANY (?) ORDER BY id FOR UPDATE) AS m ON true
