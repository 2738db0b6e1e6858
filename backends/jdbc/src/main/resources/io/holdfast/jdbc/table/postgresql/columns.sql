-- out: no row, but the columns
select name, claim, label, token, last_token, expires_at, waiting_until from {table} where 1 = 0
