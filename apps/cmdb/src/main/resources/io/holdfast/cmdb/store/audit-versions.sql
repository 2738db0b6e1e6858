-- in: nothing
-- out: machine and report where the version that took a report in does not say so
SELECT r.machine_id, r.id
  FROM report r LEFT JOIN history h ON h.machine_id = r.machine_id AND h.version = r.version
 WHERE h.machine_id IS NULL OR NOT r.id = ANY (h.reports)
 ORDER BY 1, 2
