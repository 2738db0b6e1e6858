-- in: the new content, the token, the record's id, the token
-- out: 1 row, or 0 if a newer holder has written. The textbook's fence: it does not know of a newer
-- holder that has only read
update hot_record set reports = ?, version = version + 1, fence = ? where id = ? and fence <= ?
