-- in: nothing
-- out: how long the server keeps this session in silence, in ms
select @@SESSION.wait_timeout * 1000
