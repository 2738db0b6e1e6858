-- in: the record's id
-- out: its content and its version
select reports, version from hot_record where id = ?
