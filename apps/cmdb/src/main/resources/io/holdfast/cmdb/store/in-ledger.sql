-- in: an array of reports' ids
-- out: those of them that are in the ledger
SELECT id FROM report WHERE id = ANY (?)
