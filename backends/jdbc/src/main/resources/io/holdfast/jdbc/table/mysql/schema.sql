-- The lease table of Holdfast: one row per lock that is or was taken.
-- Times are microseconds since 1970 by this database's clock.
create table if not exists {table} (
  name       varchar(300) character set ascii collate ascii_bin primary key,
  claim      varchar(32) character set ascii collate ascii_bin, -- the right to renew and release
  label      varchar(128) character set ascii collate ascii_bin not null, -- who, for people
  token      bigint not null, -- the first fencing token of the latest grant
  last_token bigint not null, -- the last one given out
  expires_at bigint not null  -- when it is free although nobody released it
) engine = InnoDB;

-- What the locks' user needs, and no more:
-- grant select, insert, update, delete on {table} to LOCKS_USER;
