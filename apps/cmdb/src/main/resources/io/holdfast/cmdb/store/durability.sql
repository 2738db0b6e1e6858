-- in: nothing
-- out: the settings without which an acknowledged commit may be lost with the power
SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes')
