-- in: an array of numbers that stand for weak keys, sorted
-- out: until this transaction ends, nobody else claims these keys or moves reports by them
SELECT pg_advisory_xact_lock(key) FROM unnest(?::bigint[]) WITH ORDINALITY AS given(key, place) ORDER BY place
