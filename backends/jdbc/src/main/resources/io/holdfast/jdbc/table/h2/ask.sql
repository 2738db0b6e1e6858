-- in:  name, claim, label, lease in µs, span, above
-- out: one row: whether the claim has the lock, token, last token, µs that others have it, now;
--      none if it is taken, or the token would be too great: look
select 1, token, last_token, 0, {now}
from final table (
  merge into {table} held
  using (
    select clock.now as now, greatest(cast(:above as bigint) + 1, clock.now) as first
    from (select {now} as now) clock
  ) ask
  on held.name = :name
  when matched and held.claim = :claim then
    update set expires_at = ask.now + :lease
  when matched and (held.claim is null or held.expires_at <= ask.now)
      and :above <= ask.now + {farthest}
      and greatest(held.last_token + 1, ask.first) + :span <= {limit} then
    update set
      claim = :claim,
      label = :label,
      token = greatest(held.last_token + 1, ask.first),
      last_token = greatest(held.last_token + 1, ask.first) + :span - 1,
      expires_at = ask.now + :lease
  when not matched and :above <= ask.now + {farthest} and ask.first + :span <= {limit} then
    insert (name, claim, label, token, last_token, expires_at)
    values (:name, :claim, :label, ask.first, ask.first + :span - 1, ask.now + :lease)
)
