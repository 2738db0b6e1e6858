-- in: nothing
-- out: kind, value, machine of each weak key that stands for reports; how many machines claim it, and one of them
SELECT h.kind, h.value, h.machine_id, count(c.machine_id), min(c.machine_id)
  FROM weak_home h LEFT JOIN weak_claim c USING (kind, value)
 GROUP BY h.kind, h.value, h.machine_id
