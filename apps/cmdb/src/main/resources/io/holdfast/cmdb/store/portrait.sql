-- in: an id
-- out: that machine, when it was written, the rules in force
SELECT id, created, merged_into, rules, state, fence, version, updated_at, (SELECT id FROM rules_in_force)
  FROM machine WHERE id = ?
