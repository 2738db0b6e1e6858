-- in: milliseconds
-- out: two rows; until the transaction ends, no wait for a lock and no idling in it is longer than that; shorter limits stay
SELECT set_config(name, least(nullif(extract(epoch FROM current_setting(name)::interval) * 1000, 0), ?)::bigint::text, true)
  FROM (VALUES ('lock_timeout'), ('idle_in_transaction_session_timeout')) AS limits (name)
