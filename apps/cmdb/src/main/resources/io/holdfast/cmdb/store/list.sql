-- in: an array of ids or null for all; an id that was the last one before; whether only those with conflicts; two
--     arrays: attributes and the value each has, as text, or has among its elements; how many at most
-- out: machines, redirects not among them, by id: id, hostname, serial, os and its version, sources joined by blanks,
--      conflicts, version, newest observation (microseconds since 1970), when written
SELECT m.id, m.record ->> 'hostname', m.record ->> 'serial', m.record ->> 'os.name', m.record ->> 'os.version',
       heard.sources, m.conflicts, m.version, heard.newest, m.updated_at
  FROM machine m
 CROSS JOIN LATERAL (
         SELECT string_agg(source, ' ' ORDER BY source), max((voice ->> 'heard')::bigint)
           FROM jsonb_each(m.state::jsonb) AS said(source, voice)
       ) AS heard(sources, newest)
 WHERE m.merged_into IS NULL
   AND (?::text[] IS NULL OR m.id = ANY (?))
   AND m.id > ?
   AND (NOT ? OR m.conflicts > 0)
   AND NOT EXISTS (
         SELECT FROM unnest(?::text[], ?::text[]) AS wanted(attribute, value)
          WHERE NOT coalesce(m.record ->> attribute = value, false)
            AND NOT coalesce(jsonb_typeof(m.record -> attribute) = 'array'
                             AND jsonb_exists(m.record -> attribute, value), false)
       )
 ORDER BY m.id
 LIMIT ?
