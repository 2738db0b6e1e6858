-- in: an array of reports' ids
-- out: one row: for each that is in the ledger its id, machine and version; the rules in force
SELECT ARRAY(SELECT id || ' ' || machine_id || ' ' || version FROM report WHERE id = ANY (?)),
       (SELECT id FROM rules_in_force)
