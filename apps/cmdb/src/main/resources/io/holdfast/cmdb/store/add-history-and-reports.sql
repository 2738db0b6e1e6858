-- in: arrays: machines, versions, fences, causes, reports' ids joined by blanks, diffs; then ids, sources, moments
--     (microseconds since 1970), machines, versions, whether outdated, bodies
-- out: all are there, or one is already and nothing is written
WITH added AS (
  INSERT INTO history (machine_id, version, fence, cause, reports, diff)
  SELECT machine_id, version, fence, cause, string_to_array(reports, ' '), diff
    FROM unnest(?::text[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[])
      AS given(machine_id, version, fence, cause, reports, diff)
)
INSERT INTO report (id, source, observed_at, machine_id, version, outdated, body)
SELECT id, source, timestamptz 'epoch' + micros * interval '1 microsecond', machine_id, version, outdated, body
  FROM unnest(?::text[], ?::text[], ?::bigint[], ?::text[], ?::bigint[], ?::boolean[], ?::text[])
    AS given(id, source, micros, machine_id, version, outdated, body)
