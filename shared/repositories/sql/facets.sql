-- name: count_facets
-- The values that documents have in fields, and how many have each. Documents are put together by what they have in
-- the field as a whole before arrays are taken apart, as few of them differ there.
WITH rule AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(facet_rules)s::jsonb)
        AS f (place int, name text, path text[], key text, values_of_path jsonpath, values_of_key jsonpath, text text)
), whole AS (
    SELECT r.place, coalesce(v.found, d.metadata -> r.key) AS value, v.found IS NULL AS is_key, count(*) AS documents
    FROM /*matched*/ (SELECT number FROM concord.document WHERE collection_id = %(collection_id)s) /*end*/ m
    JOIN concord.document d ON d.collection_id = %(collection_id)s AND d.number = m.number
    CROSS JOIN rule r
    CROSS JOIN LATERAL (SELECT d.metadata #> r.path AS found) v
    GROUP BY r.place, coalesce(v.found, d.metadata -> r.key), v.found IS NULL
), counted AS (
    SELECT w.place, v.value, v.value #>> '{}' AS text, sum(w.documents)::bigint AS documents,
           CASE WHEN jsonb_typeof(v.value) = 'number' THEN v.value::numeric END AS number
    FROM whole w
    JOIN rule r USING (place)
    CROSS JOIN LATERAL (
        SELECT DISTINCT value
        FROM jsonb_path_query(w.value, CASE WHEN w.is_key THEN r.values_of_key ELSE r.values_of_path END) AS e (value)
    ) v
    GROUP BY w.place, v.value
), shown AS (
    SELECT c.*, row_number() OVER (
               PARTITION BY c.place ORDER BY c.documents DESC, c.number, c.text COLLATE "C", c.value) AS rank
    FROM counted c JOIN rule r USING (place)
    WHERE r.text IS NULL OR strpos(lower(c.text), lower(r.text)) > 0
)
SELECT json_object_agg(r.name, json_build_object('values', coalesce(s.values, '[]'), 'distinct', s.distinct_values,
           'stats', n.stats) ORDER BY r.place)
FROM rule r
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object('value', value, 'count', documents) ORDER BY rank)
               FILTER (WHERE rank <= %(facet_limit)s::int) AS values,
           count(*) AS distinct_values
    FROM shown WHERE place = r.place
) s
CROSS JOIN LATERAL (
    SELECT CASE WHEN count(number) > 0 THEN json_build_object(
               'min', min(number), 'max', max(number), 'avg', sum(number * documents) / sum(documents),
               'sum', sum(number * documents), 'count', sum(documents)) END AS stats
    FROM counted WHERE place = r.place AND number IS NOT NULL
) n;
