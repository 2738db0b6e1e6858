-- in: an array of numbers that stand for weak keys, sorted
-- out: until this transaction ends, nobody moves reports by these keys
SELECT pg_advisory_xact_lock_shared(key) FROM unnest(?::bigint[]) WITH ORDINALITY AS given(key, place) ORDER BY place
