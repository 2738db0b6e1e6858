-- in: name, key
-- out: label and token of the last grant, if any session has the lock
select label, token
from (select 1) as always left join {table} on name = :name
where is_used_lock(sha2(concat('holdfast/', lower(database()), '/', :key), 256)) is not null
