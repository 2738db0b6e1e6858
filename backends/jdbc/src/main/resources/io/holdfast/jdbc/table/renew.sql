-- in:  name, claim, lease in µs
-- out: 1 row changed if the lock is the claim's, else none
update {table}
set expires_at = {now} + :lease
where name = :name and claim = :claim and expires_at > {now}
