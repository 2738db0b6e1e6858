-- in: an id, three times
-- out: kind, value of its strong keys, the weak keys that it claims, and those that stand for reports with it
SELECT kind, value FROM identity_key WHERE machine_id = ?
 UNION
SELECT kind, value FROM weak_claim WHERE machine_id = ?
 UNION
SELECT kind, value FROM weak_home WHERE machine_id = ?
