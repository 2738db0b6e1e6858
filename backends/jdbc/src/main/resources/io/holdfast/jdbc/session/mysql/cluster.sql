-- in: nothing
-- out: what says that there are several servers to write to, each with locks of its own: name and value
show global variables where variable_name = 'wsrep_on' and value = 'ON'
  or variable_name = 'group_replication_group_name' and value <> ''
