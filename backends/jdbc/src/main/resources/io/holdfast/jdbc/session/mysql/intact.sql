-- in: key of one of the session's locks, which it loses all together or none
-- out: whether this session has it, and is the one that was prepared
select @holdfast_session <=> connection_id() and is_used_lock(sha2(concat('holdfast/', lower(database()), '/', :key), 256)) <=> connection_id()
