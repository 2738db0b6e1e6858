-- in:  name, claim, label, lease in µs, span, above
-- out: one row: whether the claim has the lock, token, last token, µs that others have it, now
-- One batch. holdlock: or two that find no row would both insert one.
set nocount on;
declare @name nvarchar(300) = :name, @claim nvarchar(32) = :claim, @label nvarchar(128) = :label;
declare @lease bigint = :lease, @span bigint = :span, @above bigint = :above, @now bigint = {now};
declare @first bigint = case when @above + 1 > @now then @above + 1 else @now end;
declare @granted table (token bigint, last_token bigint);
merge {table} with (holdlock) as held
using (select @name as name) as ask
on held.name = ask.name
when matched and (
    held.claim = @claim
    or (held.claim is null or held.expires_at <= @now)
      and @above <= @now + {farthest}
      and @first + @span <= {limit} and held.last_token + 1 + @span <= {limit}
  ) then
  update set
    claim = @claim,
    label = @label,
    token = case
      when held.claim = @claim then held.token
      when held.last_token >= @first then held.last_token + 1
      else @first
    end,
    last_token = case
      when held.claim = @claim then held.last_token
      when held.last_token >= @first then held.last_token + @span
      else @first + @span - 1
    end,
    expires_at = @now + @lease
when not matched and @above <= @now + {farthest} and @first + @span <= {limit} then
  insert (name, claim, label, token, last_token, expires_at)
  values (@name, @claim, @label, @first, @first + @span - 1, @now + @lease)
output inserted.token, inserted.last_token into @granted;
select 1, token, last_token, 0, @now
from @granted
union all
select 0,
       coalesce(held.token, 0),
       coalesce(held.last_token, 0),
       case when held.claim is null then 0 else held.expires_at - clock.now end,
       clock.now
from (select {now} as now) as clock
left join {table} as held on held.name = @name
where not exists (select 1 from @granted);
