-- in:  nothing
-- out: the rows deleted, a batch at most: idle for a day, and with tokens that the clock has passed an hour ago
delete top ({batch}) from {table}
where expires_at < {now} - 86400000000 and last_token < {now} - 3600000000
