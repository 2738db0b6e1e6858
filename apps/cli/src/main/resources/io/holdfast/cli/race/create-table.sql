-- in: nothing
-- out: the table of the race, in the schema that the connection is set to
create table hot_record (
  id text primary key,
  reports text[] not null,
  fence bigint not null,
  version bigint not null
)
