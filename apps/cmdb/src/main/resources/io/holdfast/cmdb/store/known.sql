-- in: an array of reports' ids, an array of machines' ids
-- out: a row for each machine that is there, or one of nulls; in each, of the reports that are in the ledger id, machine
--      and version, and the rules in force
SELECT m.id, m.created, m.merged_into, m.rules, m.state, m.fence, m.version, asked.places, asked.rules
  FROM (SELECT ARRAY(SELECT id || ' ' || machine_id || ' ' || version FROM report WHERE id = ANY (?)) AS places,
               (SELECT id FROM rules_in_force WHERE one) AS rules) AS asked
  LEFT JOIN machine m ON m.id = ANY (?)
