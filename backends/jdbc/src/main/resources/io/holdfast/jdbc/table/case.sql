-- out: 1 if the column's collation takes a and A for one name, else 0
select count(*)
from (select name from {table} where 1 = 0 union all select 'a') one
where name = 'A'
