-- in: two arrays: kinds and values of keys; how many at most
-- out: machines that have such a strong key, claim such a weak one, or hold the reports that it stands for
WITH asked AS (
  SELECT kind, value FROM unnest(?::text[], ?::text[]) AS given(kind, value)
)
SELECT machine_id FROM asked JOIN identity_key USING (kind, value)
 UNION
SELECT machine_id FROM asked JOIN weak_claim USING (kind, value)
 UNION
SELECT machine_id FROM asked JOIN weak_home USING (kind, value)
 LIMIT ?
