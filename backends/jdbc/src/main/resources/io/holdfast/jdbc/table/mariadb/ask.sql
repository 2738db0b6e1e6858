-- in:  name, claim, label, lease in µs, span, above
-- out: one row: whether the claim has the lock, token, last token, µs that others have it, now;
--      none if the token would be too great: look
-- Assignments run from left to right: token first, and last_token, which tells a new grant, last.
insert into {table} (name, claim, label, token, last_token, expires_at)
select :name, :claim, :label, first, first + :span - 1, now + :lease
from (select {now} as now, greatest(:above + 1, {now}) as first) as ask
where :above <= now + {farthest} and first + :span <= {limit}
on duplicate key update
  token = if(
    claim = values(claim) or claim is not null and expires_at > {now}
      or greatest({table}.last_token + 1, values(token)) + :span > {limit},
    token, greatest({table}.last_token + 1, values(token))),
  expires_at = if(token > last_token or claim = values(claim), {now} + :lease, expires_at),
  label = if(token > last_token, values(label), label),
  claim = if(token > last_token, values(claim), claim),
  last_token = if(token > last_token, token + :span - 1, last_token)
returning
  coalesce(claim = :claim, 0),
  token,
  last_token,
  if(claim is null, 0, expires_at - {now}),
  {now}
