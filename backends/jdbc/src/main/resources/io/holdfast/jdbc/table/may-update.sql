-- Changes nothing; fails without the right to update.
update {table}
set claim = claim, label = label, token = token, last_token = last_token, expires_at = expires_at
where 1 = 0
