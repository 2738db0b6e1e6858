-- out: each setting with which a crash may forget what was acknowledged, and its value
select name, setting
from pg_settings
where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'
