-- in: key, name
-- out: label and token of the last grant, if any session has the lock
set nocount on;
declare @key nvarchar(64) = :key;
select label, token
from (select 1 as always) as asked left join {table} on name = :name
where applock_test('public', @key, 'Exclusive', 'Session') = 0 or applock_mode('public', @key, 'Session') <> 'NoLock'
