-- in: the race's own name
-- out: a place for its table that no one else uses
create schema %s
