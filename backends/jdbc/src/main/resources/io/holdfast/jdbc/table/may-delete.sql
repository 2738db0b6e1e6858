-- Changes nothing; fails without the right to delete.
delete from {table} where 1 = 0
