-- in: nothing
-- out: the rules in force: text, since when they are known
SELECT body, installed_at FROM rule_set JOIN rules_in_force USING (id)
