-- in: above, key
-- out: 1 if the lock is ours, 0 if not, null after an error; -1 if above is more than 400 days ahead; -2 if this is not the
-- session that was prepared, because the driver has connected anew underneath
--
-- The server has one space of names for all its databases, and where it takes their names without regard to case, so
-- does the key.
select case
  when not (@holdfast_session <=> connection_id()) then -2
  when :above > timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) + {farthest} then -1
  else get_lock(sha2(concat('holdfast/', lower(database()), '/', :key), 256), 0)
end
