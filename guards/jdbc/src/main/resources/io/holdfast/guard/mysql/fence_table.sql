-- in: nothing; run it once, with your migrations
-- out: the table of FenceTable: for each name the highest token that entered. Never delete a row: the fence is lost with it
CREATE TABLE IF NOT EXISTS holdfast_fence (
  name varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
  fence bigint NOT NULL
) ENGINE = InnoDB
