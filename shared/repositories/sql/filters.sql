-- name: forget_shown
SELECT set_config('concord.shown', '', true);

-- name: show_passing
-- From here on the transaction sees of this collection what passes, and enters no other.
WITH passing AS MATERIALIZED (
    SELECT string_agg(repeat('0', p.gap) || '1', '' ORDER BY p.number) AS bits
    FROM concord.collection c
    LEFT JOIN LATERAL (
        SELECT d.number, d.number - lag(d.number, 1, 0) OVER (ORDER BY d.number) - 1 AS gap
        FROM /*having*/ concord.document /*end*/ d
        WHERE d.collection_id = c.id AND /*filter*/ true /*end*/
    ) p ON true
    WHERE c.id = concord.collection_named(%(collection)s)
    GROUP BY c.id
)
SELECT set_config('concord.shown', coalesce((SELECT bits FROM passing), '0'), true),
       set_config('concord.collections', CASE WHEN EXISTS (SELECT FROM passing)
                                              THEN jsonb_build_array(%(collection)s::text)::text ELSE '[]' END, true);

-- name: piece_passing_having
-- By the index of the metadata, which only a function of its own may read.
(SELECT d.* FROM concord.documents_having(c.id, %(having)s::jsonpath) AS h (number)
 CROSS JOIN LATERAL (
     SELECT * FROM concord.document WHERE collection_id = c.id AND number = h.number OFFSET 0
 ) d);

-- name: piece_passing_at_once
-- The same where the path asks for all that the filter does.
(SELECT c.id AS collection_id, h.number FROM concord.documents_having(c.id, %(having)s::jsonpath) AS h (number));

-- name: find_instant
-- Whether one of a field's texts is between two: in time where it is an ISO 8601 date or time, else by its letters.
-- What has no offset is of UTC.
SELECT FROM jsonb_path_query(/*source*/ '{}'::jsonb /*end*/, /*path*/ '$' /*end*/::jsonpath) AS v (value)
CROSS JOIN LATERAL (SELECT v.value #>> '{}' AS text) t
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.text ~ '^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?$'
                THEN t.text || CASE WHEN t.text ~ ':.*(Z|[+-]\d\d(:?\d\d)?)$' THEN '' ELSE 'Z' END END AS moment
) m
WHERE CASE WHEN pg_input_is_valid(m.moment, 'timestamptz') THEN /*in_time*/ true /*end*/ ELSE /*by_letters*/ true /*end*/ END;

-- name: find_distance
-- Metres from a place to the nearest of a field's points, on a sphere (Sinnott, Virtues of the haversine, 1984).
SELECT min(2 * 6371008.8 * asin(least(1, sqrt(
           power(sind((p.latitude - /*latitude*/0/*end*/::float8) / 2), 2)
           + cosd(p.latitude) * cosd(/*latitude*/0/*end*/::float8)
             * power(sind((p.longitude - /*longitude*/0/*end*/::float8) / 2), 2)))))
FROM jsonb_path_query(/*source*/ '{}'::jsonb /*end*/, /*path*/ '$' /*end*/::jsonpath) AS v (value)
CROSS JOIN LATERAL (
    -- Rounded to a tenth of a micrometre, as not every number of JSON is one of float8.
    SELECT round(jsonb_path_query_first(v.value, '$.lat')::numeric, 12)::float8 AS latitude,
           round(coalesce(jsonb_path_query_first(v.value, '$.lng'), jsonb_path_query_first(v.value, '$.lon'))::numeric, 12)::float8
               AS longitude
) p;

-- name: find_point_within
-- Whether one of a field's points is in a box, which goes east from its left side.
SELECT FROM jsonb_path_query(/*source*/ '{}'::jsonb /*end*/, /*path*/ '$' /*end*/::jsonpath) AS v (value)
CROSS JOIN LATERAL (
    SELECT jsonb_path_query_first(v.value, '$.lat')::numeric AS latitude,
           coalesce(jsonb_path_query_first(v.value, '$.lng'), jsonb_path_query_first(v.value, '$.lon'))::numeric
               AS longitude
) p
WHERE p.latitude BETWEEN /*bottom*/0/*end*/::numeric AND /*top*/0/*end*/::numeric
    AND mod(p.longitude - /*left*/0/*end*/::numeric + 360, 360) <= /*width*/0/*end*/::numeric;
