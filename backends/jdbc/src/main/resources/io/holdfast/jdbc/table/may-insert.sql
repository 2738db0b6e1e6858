-- Changes nothing; fails without the right to insert.
insert into {table} (name, claim, label, token, last_token, expires_at)
select name, claim, label, token, last_token, expires_at from {table} where 1 = 0
