-- in:  name
-- out: token, label, µs left, if the lock is taken; never the claim
select token, label, expires_at - {now}
from {table}
where name = :name and claim is not null and expires_at > {now}
