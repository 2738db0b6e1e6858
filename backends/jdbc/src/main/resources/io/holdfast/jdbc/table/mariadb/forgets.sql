-- out: each setting with which a crash may forget what was acknowledged, and its value
select 'innodb_flush_log_at_trx_commit', @@innodb_flush_log_at_trx_commit
from (select 1) as one
where @@innodb_flush_log_at_trx_commit <> 1
