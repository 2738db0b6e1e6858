-- in: nothing; run it once, with your migrations
-- out: the table of FenceTable: for each name the highest token that entered. Never delete a row: the fence is lost with it
IF OBJECT_ID(N'holdfast_fence', N'U') IS NULL
CREATE TABLE holdfast_fence (
  name nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY,
  fence bigint NOT NULL
)
