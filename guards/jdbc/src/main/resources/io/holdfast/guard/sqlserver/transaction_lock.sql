-- in: the lock's key, milliseconds to wait
-- out: one row: the level of isolation (2 is READ COMMITTED) and what sp_getapplock answered; at another level it is not asked
SET NOCOUNT ON;
DECLARE @level int, @answer int;
SELECT @level = transaction_isolation_level FROM sys.dm_exec_sessions WHERE session_id = @@SPID;
IF @level = 2
  EXEC @answer = sp_getapplock @Resource = ?, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = ?, @DbPrincipal = 'public';
SELECT @level, @answer;
