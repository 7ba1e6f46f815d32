-- name: find_sort_number
-- The number to order a document by, of several the one that comes first.
SELECT /*pick*/ min /*end*/ (v.value::numeric)
FROM jsonb_path_query(/*source*/ '{}'::jsonb /*end*/, /*path*/ '$' /*end*/::jsonpath) AS v (value);

-- name: find_sort_text
SELECT /*pick*/ min /*end*/ ((v.value #>> '{}') COLLATE "C")
FROM jsonb_path_query(/*source*/ '{}'::jsonb /*end*/, /*path*/ '$' /*end*/::jsonpath) AS v (value);

-- name: find_group
SELECT jsonb_path_query_first(/*source*/ '{}'::jsonb /*end*/, /*path*/ '$' /*end*/::jsonpath);

-- name: find_saturation
-- x / (x + half), of several numbers that of the greatest; rounded, as not every number of JSON is one of float8.
SELECT round(coalesce(max(v.value::numeric / (v.value::numeric + /*half*/1/*end*/::numeric)), 0), 12)::float8
FROM jsonb_path_query(/*source*/ '{}'::jsonb /*end*/, /*path*/ '$' /*end*/::jsonpath) AS v (value);

-- name: find_decay
-- Half for each half-life since an ISO 8601 date, of several since the last; what is yet to come is not old.
SELECT coalesce(max(power(0.5::float8, least(1000, greatest(0,
           extract(epoch FROM now() - m.moment::timestamptz) / 86400 / /*half_life*/1/*end*/::numeric))::float8)), 0)
FROM jsonb_path_query(/*source*/ '{}'::jsonb /*end*/, /*path*/ '$' /*end*/::jsonpath) AS v (value)
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.text ~ '^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?$'
                THEN t.text || CASE WHEN t.text ~ ':.*(Z|[+-]\d\d(:?\d\d)?)$' THEN '' ELSE 'Z' END END AS moment
    FROM (SELECT v.value #>> '{}' AS text) t
) m
WHERE pg_input_is_valid(m.moment, 'timestamptz');
