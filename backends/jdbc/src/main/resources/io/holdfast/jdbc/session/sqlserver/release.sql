-- in: key
-- out: whether this session had the lock; sp_releaseapplock itself would raise an error if not
set nocount on;
declare @key nvarchar(64) = :key, @answer int = -999;
if applock_mode('public', @key, 'Session') <> 'NoLock'
  exec @answer = sys.sp_releaseapplock @Resource = @key, @LockOwner = 'Session', @DbPrincipal = 'public';
select case when @answer = 0 then 1 else 0 end
