-- The lease table of Holdfast: one row per lock that is or was taken.
-- Times are microseconds since 1970 by this database's clock.
create table if not exists {table} (
  name          varchar(300) collate "C" primary key,
  claim         varchar(32),             -- the right to renew and to release; null: free
  label         varchar(128) not null,   -- who has or had it, for people
  token         bigint not null,         -- the first fencing token of the latest grant
  last_token    bigint not null,         -- the last one given out
  expires_at    bigint not null,         -- when it is free although nobody released it
  waiting_until bigint not null default 0 -- until then a release tells those who listen
) with (fillfactor = 50);                -- so that a change stays on its page, without the index

-- What the locks' user needs, and no more:
-- grant usage on schema SCHEMA to LOCKS_USER;
-- grant select, insert, update, delete on {table} to LOCKS_USER;
