-- in: nothing
-- out: the server's connection that answers
select connection_id()
