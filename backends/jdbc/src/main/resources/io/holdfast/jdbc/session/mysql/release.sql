-- in: key
-- out: 1 if this session had the lock; 0 or null if not
select release_lock(sha2(concat('holdfast/', lower(database()), '/', :key), 256))
