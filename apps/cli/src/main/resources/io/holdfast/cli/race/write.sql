-- in: the new content, the record's id
-- out: 1 row, whoever has been here since it was read
update hot_record set reports = ?, version = version + 1 where id = ?
