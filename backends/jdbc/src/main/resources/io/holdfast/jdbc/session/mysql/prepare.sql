-- in: livesFor, how long the server keeps the session in silence, in s
-- out: nothing
set session wait_timeout = :livesFor, lock_wait_timeout = 1, innodb_lock_wait_timeout = 1,
  @holdfast_session = connection_id()
