-- in: key of one of the session's locks, which it loses all together or none
-- out: whether this session has it
select is_used_lock(sha2(concat('holdfast/', lower(database()), '/', :key), 256)) <=> connection_id()
