-- The lease table of Holdfast: one row per lock that is or was taken.
-- Times are microseconds since 1970 by this database's clock.
if object_id(N'{table}', N'U') is null
create table {table} (
  name       nvarchar(300) collate Latin1_General_100_BIN2 not null primary key,
  claim      nvarchar(32) collate Latin1_General_100_BIN2, -- the right to renew and to release
  label      nvarchar(128) not null, -- who has or had it, for people
  token      bigint not null,        -- the first fencing token of the latest grant
  last_token bigint not null,        -- the last one given out
  expires_at bigint not null         -- when it is free although nobody released it
);

-- What the locks' user needs, and no more:
-- grant select, insert, update, delete on {table} to LOCKS_USER;
