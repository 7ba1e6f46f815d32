-- name: record_report
-- A report that comes twice at once waits for the first, and then is known.
WITH known AS (
    INSERT INTO concord.usage_report (id) VALUES (%(id)s) ON CONFLICT (id) DO NOTHING RETURNING id
)
INSERT INTO concord.usage AS u (
    day, principal, searches, embedded_queries, embedded_tokens, documents_written, document_tokens)
SELECT day, principal, sum(searches), sum(embedded_queries), sum(embedded_tokens), sum(documents_written),
       sum(document_tokens)
FROM known CROSS JOIN unnest(
    %(days)s::date[], %(principals)s::text[], %(searches)s::bigint[], %(embedded_queries)s::bigint[],
    %(embedded_tokens)s::bigint[], %(documents_written)s::bigint[], %(document_tokens)s::bigint[]
) AS used (day, principal, searches, embedded_queries, embedded_tokens, documents_written, document_tokens)
GROUP BY day, principal
-- Two reports that name the same principals lock their rows in one order.
ORDER BY day, principal COLLATE "C"
ON CONFLICT (day, principal) DO UPDATE SET
    searches = u.searches + excluded.searches,
    embedded_queries = u.embedded_queries + excluded.embedded_queries,
    embedded_tokens = u.embedded_tokens + excluded.embedded_tokens,
    documents_written = u.documents_written + excluded.documents_written,
    document_tokens = u.document_tokens + excluded.document_tokens,
    last_used_at = now();

-- name: forget_reports
-- No queue keeps a message for longer than two weeks.
DELETE FROM concord.usage_report
WHERE id IN (SELECT id FROM concord.usage_report WHERE received_at < now() - interval '15 days' LIMIT 1000);

-- name: forget_usage
DELETE FROM concord.usage u USING (
    SELECT day, principal FROM concord.usage WHERE day < (now() AT TIME ZONE 'UTC')::date - %(days)s::int
    ORDER BY day, principal COLLATE "C"
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
) old
WHERE u.day = old.day AND u.principal = old.principal
RETURNING u.day;

-- name: used_on_day
SELECT coalesce(sum(searches) FILTER (WHERE principal = %(principal)s), 0)::bigint AS searches,
       coalesce(sum(embedded_tokens) FILTER (WHERE principal = %(principal)s), 0)::bigint AS embedded_tokens,
       coalesce(sum(searches), 0)::bigint AS searches_of_all,
       coalesce(sum(embedded_tokens), 0)::bigint AS embedded_tokens_of_all
FROM concord.usage WHERE day = %(day)s;

-- name: count_document_tokens
-- Two workers that count for the same principals lock their rows in one order.
INSERT INTO concord.usage AS u (day, principal, document_tokens)
SELECT %(day)s, principal, tokens
FROM unnest(%(principals)s::text[], %(tokens)s::bigint[]) AS t (principal, tokens)
ORDER BY principal COLLATE "C"
ON CONFLICT (day, principal) DO UPDATE SET document_tokens = u.document_tokens + excluded.document_tokens;

-- name: document_tokens_of_day
SELECT coalesce(sum(document_tokens), 0)::bigint AS document_tokens FROM concord.usage WHERE day = %(day)s;

-- name: list_usage
SELECT day, principal, searches, embedded_queries, embedded_tokens, documents_written, document_tokens,
       last_used_at
FROM concord.usage
WHERE day BETWEEN %(since)s AND %(until)s
    AND (%(principal)s::text IS NULL OR principal = %(principal)s COLLATE "C")
    AND (day, principal) > (%(after_day)s::date, %(after_principal)s::text COLLATE "C")
ORDER BY day, principal COLLATE "C"
LIMIT %(limit)s;
