-- in: key, name, label, span, above
-- out: what sp_getapplock returned (0 or 1: the lock is ours, -1: it is not; -1000: not asked for, above is more than
-- 400 days ahead), the first token
set nocount on;
declare @key nvarchar(64) = :key, @name nvarchar(300) = :name, @label nvarchar(128) = :label;
declare @span int = :span, @above bigint = :above, @answer int = -1000, @least bigint, @first bigint;
declare @clock bigint = datediff_big(microsecond, '1970-01-01', sysutcdatetime());
if @above <= @clock + {farthest}
begin
  exec @answer = sys.sp_getapplock @Resource = @key, @LockMode = 'Exclusive', @LockOwner = 'Session',
    @LockTimeout = 0, @DbPrincipal = 'public';
  if @answer >= 0
  begin
    set @least = case when @clock > @above then @clock else @above + 1 end;
    update {table}
    set @first = token = case when last_token >= @least then last_token + 1 else @least end,
        last_token = case when last_token >= @least then last_token + 1 else @least end + @span - 1,
        label = @label,
        expires_at = case when expires_at > @clock then expires_at else @clock end
    where name = @name;
    if @@ROWCOUNT = 0
    begin
      set @first = @least;
      insert into {table} (name, label, token, last_token, expires_at)
      values (@name, @label, @first, @first + @span - 1, @clock);
    end
  end
end
select @answer, @first
