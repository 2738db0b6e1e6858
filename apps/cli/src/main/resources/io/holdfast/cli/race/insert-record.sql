-- in: the record's id
-- out: the record, empty
insert into hot_record (id, reports, fence, version) values (?, '{}', 0, 0)
