-- in: nothing
-- out: machine and report where a version says that it took a report in that is not in the ledger
SELECT DISTINCT h.machine_id, taken.id
  FROM history h CROSS JOIN unnest(h.reports) AS taken(id) LEFT JOIN report r ON r.id = taken.id
 WHERE r.id IS NULL
 ORDER BY 1, 2
