-- in: key of one of the session's locks, which it loses all together or none
-- out: whether this session has it
select case when applock_mode('public', :key, 'Session') = 'Exclusive' then 1 else 0 end
