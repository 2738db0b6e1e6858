-- in: nothing
-- out: the server's session that answers
select @@SPID
