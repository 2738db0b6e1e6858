-- in: of the machines arrays, sorted by id: ids, tokens, the versions that were read (0: not there), merged_into,
--     records, states, conflicts, causes, reports' ids joined by blanks, diffs; the rules, whether guarded, the rules;
--     of the reports arrays: ids, sources, moments (microseconds since 1970), machines, whether outdated, bodies
-- out: id and new version of each machine that was written. One whose fence is newer or whose version is another is not,
--      nor its history and reports; the caller rolls back
WITH given AS (
  SELECT *
    FROM unnest(?::text[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::text[], ?::text[],
                ?::text[])
      AS given(id, token, version_read, merged_into, record, state, conflicts, cause, reports, diff)
), updated AS (
  UPDATE machine m
     SET merged_into = g.merged_into, rules = ?, record = g.record::jsonb, state = g.state, conflicts = g.conflicts,
         fence = g.token, version = m.version + 1, updated_at = clock_timestamp()
    FROM given g
   WHERE m.id = g.id AND g.version_read > 0 AND (NOT ? OR (m.fence <= g.token AND m.version = g.version_read))
  RETURNING m.id, m.version
), inserted AS (
  INSERT INTO machine (id, created, merged_into, rules, record, state, conflicts, fence, version)
  SELECT id, token, merged_into, ?, record::jsonb, state, conflicts, token, 1 FROM given WHERE version_read = 0
      ON CONFLICT (id) DO NOTHING
  RETURNING id, version
), written AS (
  SELECT id, version FROM updated UNION ALL SELECT id, version FROM inserted
), added AS (
  INSERT INTO history (machine_id, version, fence, cause, reports, diff)
  SELECT w.id, w.version, g.token, g.cause, string_to_array(g.reports, ' '), g.diff
    FROM given g JOIN written w USING (id)
), entered AS (
  INSERT INTO report (id, source, observed_at, machine_id, version, outdated, body)
  SELECT r.id, r.source, timestamptz 'epoch' + r.micros * interval '1 microsecond', w.id, w.version, r.outdated, r.body
    FROM unnest(?::text[], ?::text[], ?::bigint[], ?::text[], ?::boolean[], ?::text[])
           AS r(id, source, micros, machine_id, outdated, body)
    JOIN written w ON w.id = r.machine_id
)
SELECT id, version FROM written
