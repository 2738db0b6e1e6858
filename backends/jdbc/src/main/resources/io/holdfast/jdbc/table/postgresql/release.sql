-- in:  name, claim, used (last token that a holder saw, or 0), keep in µs, channel
-- out: a row if the lock was the claim's, else none
-- Tokens of a span that nobody saw go back. 'kept' is no claim's id: nobody renews or releases it.
-- Whoever was noted to wait is told, and notes it anew if it has to wait again.
with held as (
  select waiting_until
  from {table}
  where name = :name and claim = :claim
  for update
), released as (
  update {table}
  set last_token = case when :used between token and last_token then :used else last_token end,
      claim = case when :keep > 0 then 'kept' end,
      expires_at = {now} + :keep,
      waiting_until = 0
  from held
  where name = :name and claim = :claim and expires_at > {now}
  returning held.waiting_until > {now} and :keep = 0 as tell
)
select case when tell then pg_notify(:channel, :name)::text end
from released
