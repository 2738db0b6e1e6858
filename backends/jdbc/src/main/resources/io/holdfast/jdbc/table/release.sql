-- in:  name, claim, used (last token that a holder saw, or 0), keep in µs
-- out: 1 row changed if the lock was the claim's, else none
-- Tokens of a span that nobody saw go back. 'kept' is no claim's id: nobody renews or releases it.
update {table}
set last_token = case when :used between token and last_token then :used else last_token end,
    claim = case when :keep > 0 then 'kept' end,
    expires_at = {now} + :keep
where name = :name and claim = :claim and expires_at > {now}
