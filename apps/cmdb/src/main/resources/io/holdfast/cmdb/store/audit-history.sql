-- in: nothing
-- out: machine and what is wrong with its history: every version from 1 to the machine's once, fences that never fall,
--      the first one its creation's, the last one the machine's
WITH steps AS (
  SELECT machine_id, version, fence, lag(fence) OVER (PARTITION BY machine_id ORDER BY version) AS earlier FROM history
), told AS (
  SELECT machine_id, count(*) AS versions, min(version) AS first, max(version) AS last, max(fence) AS fence, min(fence) AS earliest,
         bool_or(fence < earlier) AS falls
    FROM steps GROUP BY machine_id
)
SELECT coalesce(m.id, t.machine_id),
       CASE WHEN m.id IS NULL THEN 'history of a machine that is not there'
            WHEN t.machine_id IS NULL THEN 'no history'
            WHEN t.first <> 1 OR t.last <> m.version OR t.versions <> m.version THEN 'versions are missing'
            WHEN t.falls THEN 'a token falls'
            WHEN t.earliest <> m.created THEN 'the first token is not its creation''s'
            ELSE 'the last token is not the machine''s' END
  FROM machine m FULL JOIN told t ON t.machine_id = m.id
 WHERE m.id IS NULL OR t.machine_id IS NULL OR t.first <> 1 OR t.last <> m.version OR t.versions <> m.version
    OR t.falls OR t.earliest <> m.created OR t.fence <> m.fence
 ORDER BY 1
