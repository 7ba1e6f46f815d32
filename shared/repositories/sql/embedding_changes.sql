-- name: start_change
-- A change that is over makes room for the next. Documents written later are noted as they are embedded.
INSERT INTO concord.embedding_change AS x (collection_id, old_space_id, new_space_id, rate, last_number)
SELECT c.id, c.space_id, concord.open_embedding_space(%(model)s, %(dimensions)s), %(rate)s,
       (SELECT coalesce(max(number), 0) FROM concord.document WHERE collection_id = c.id)
FROM concord.collection c
WHERE c.id = %(collection_id)s
ON CONFLICT (collection_id) DO UPDATE SET
    old_space_id = excluded.old_space_id, new_space_id = excluded.new_space_id, rate = excluded.rate,
    last_number = excluded.last_number, reached_number = 0, state = 'backfilling', started_at = now(), changed_at = now(),
    paced_until = now()
WHERE x.state = 'cleaned'
RETURNING collection_id;

-- name: set_rate
UPDATE concord.embedding_change SET rate = %(rate)s, paced_until = least(paced_until, now())
WHERE collection_id = %(collection_id)s;

-- name: find_change
-- Vectors are counted, as is what is left to do: a collection is asked about seldom.
SELECT c.id AS collection_id, c.name AS collection, x.state, x.rate, x.started_at, x.changed_at,
       c.space_id AS serving_space_id, v.model AS serving_model, v.dimensions AS serving_dimensions,
       x.old_space_id, o.model AS old_model, o.dimensions AS old_dimensions,
       x.new_space_id, n.model AS new_model, n.dimensions AS new_dimensions,
       greatest(x.last_number - x.reached_number, 0) AS unread, b.waiting, b.failed, b.error,
       (SELECT count(*) FROM concord.chunk k WHERE k.collection_id = c.id)::int AS chunks,
       (SELECT count(*) FROM concord.embedding e
        WHERE e.space_id = x.old_space_id AND e.collection_id = c.id)::int AS old_vectors,
       (SELECT count(*) FROM concord.embedding e
        WHERE e.space_id = x.new_space_id AND e.collection_id = c.id)::int AS new_vectors,
       c.own_vectors
FROM concord.collection c
JOIN concord.embedding_space v ON v.id = c.space_id
LEFT JOIN concord.embedding_change x ON x.collection_id = c.id
LEFT JOIN concord.embedding_space o ON o.id = x.old_space_id
LEFT JOIN concord.embedding_space n ON n.id = x.new_space_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE attempts < %(max_attempts)s)::int AS waiting,
           count(*) FILTER (WHERE attempts >= %(max_attempts)s)::int AS failed,
           min(error) FILTER (WHERE attempts >= %(max_attempts)s) AS error
    FROM concord.embedding_backfill WHERE collection_id = x.collection_id
) b
WHERE c.id = concord.collection_named(%(name)s);

-- name: measure_texts
-- What would be embedded, and some of it: whole documents, from all over the collection.
SELECT t.documents, t.chunks, t.characters, s.sample
FROM concord.collection c
CROSS JOIN LATERAL (
    SELECT count(DISTINCT k.document_number)::int AS documents, count(*)::int AS chunks,
           coalesce(sum(k.span_end - k.span_start), 0)::bigint AS characters
    FROM concord.chunk k WHERE k.collection_id = c.id
) t
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(left(d.body, 20000)), '{}') AS sample
    FROM (
        SELECT body FROM concord.document
        WHERE collection_id = c.id AND number %% greatest(t.documents / 200, 1) = 0 LIMIT 200
    ) d
) s
WHERE c.id = %(collection_id)s;

-- name: lock_change
SELECT * FROM concord.embedding_change WHERE collection_id = %(collection_id)s FOR UPDATE;

-- name: set_state
UPDATE concord.embedding_change SET state = %(state)s, changed_at = now() WHERE collection_id = %(collection_id)s;

-- name: serve_space
-- One row: searches before it end in the old space, searches after it see that what they remember is old.
UPDATE concord.collection
SET space_id = %(space_id)s, updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE id = %(collection_id)s AND deleted_at IS NULL;

-- name: compare_indexes
-- Whether a search in that space would be slower than it is: one of both has an index, and it is not that.
SELECT to_regclass(format('concord_embedding.collection_%%s_space_%%s_idx', c.id, c.space_id)) IS NOT NULL
       AND to_regclass(format('concord_embedding.collection_%%s_space_%%s_idx', c.id, %(space_id)s::int)) IS NULL AS lacks
FROM concord.collection c WHERE c.id = %(collection_id)s;

-- name: find_due_change
-- A change with something to do, to a model that the asking process has; its row is the turn to take documents.
SELECT x.* FROM concord.embedding_change x
JOIN concord.collection c ON c.id = x.collection_id AND c.deleted_at IS NULL
JOIN concord.embedding_space n ON n.id = x.new_space_id
WHERE x.state NOT IN ('cleaning', 'cleaned') AND x.paced_until <= clock_timestamp()
    AND NOT x.collection_id = ANY(%(passed_over)s::int[])
    AND EXISTS (SELECT FROM unnest(%(models)s::text[], %(dimensions)s::int[]) AS m (model, dimensions)
                WHERE m.model = n.model AND m.dimensions = n.dimensions)
    AND (x.state = 'backfilling' OR EXISTS (
        SELECT FROM concord.embedding_backfill b
        WHERE b.collection_id = x.collection_id AND b.attempts < %(max_attempts)s
            AND (b.claimed_until IS NULL OR b.claimed_until < now())))
ORDER BY x.started_at, x.collection_id
LIMIT 1
FOR UPDATE OF x;

-- name: find_pause
-- Seconds until the next change may go on that has come to its rate.
SELECT extract(epoch FROM min(x.paced_until) - clock_timestamp())::float8 AS seconds
FROM concord.embedding_change x
WHERE x.state = 'backfilling' AND x.paced_until > clock_timestamp()
HAVING count(*) > 0;

-- name: claim_noted
-- Documents that somebody noted, or whose claim has ended: of those, one alone, as it may have taken its worker
-- down. A document that waits for its first vectors is its job's.
UPDATE concord.embedding_backfill b
SET claimed_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s), attempts = b.attempts + 1
FROM (
    SELECT d.collection_id, d.document_number FROM concord.embedding_backfill d
    WHERE d.collection_id = %(collection_id)s AND d.attempts < %(max_attempts)s AND (d.attempts > 0) = %(retried)s
        AND (d.claimed_until IS NULL OR d.claimed_until < clock_timestamp())
        AND NOT EXISTS (
            SELECT FROM concord.embedding_job j
            WHERE j.collection_id = d.collection_id AND j.document_number = d.document_number AND j.state = 'pending')
    ORDER BY d.document_number
    LIMIT %(limit)s
    FOR UPDATE OF d SKIP LOCKED
) due
WHERE b.collection_id = due.collection_id AND b.document_number = due.document_number
RETURNING b.*;

-- name: claim_unread
-- The next documents that nobody has looked at.
WITH unread AS MATERIALIZED (
    SELECT d.number, EXISTS (
        SELECT FROM concord.embedding_job j WHERE j.collection_id = d.collection_id AND j.document_number = d.number
    ) AS has_job
    FROM concord.embedding_change x
    JOIN concord.document d ON d.collection_id = x.collection_id AND d.number > x.reached_number
        AND d.number <= x.last_number
    WHERE x.collection_id = %(collection_id)s
    ORDER BY d.number
    LIMIT %(limit)s
), reached AS (
    UPDATE concord.embedding_change
    SET reached_number = coalesce((SELECT max(number) FROM unread), last_number)
    WHERE collection_id = %(collection_id)s
)
INSERT INTO concord.embedding_backfill (collection_id, document_number, attempts, claimed_until)
SELECT %(collection_id)s, number, 1, clock_timestamp() + make_interval(secs => %(lease_seconds)s)
FROM unread WHERE NOT has_job
ON CONFLICT DO NOTHING
RETURNING *;

-- name: find_lacking_chunks
-- What these documents lack in either space of their collection's change, the chunks of one document together and in
-- order. A body comes with its document's first one.
SELECT w.collection_id, w.chunk_id, w.document_number, w.span_start, w.span_end, w.heading_path, w.title,
       CASE WHEN row_number() OVER (PARTITION BY w.document_number ORDER BY w.ordinal, w.space_id) = 1
            THEN w.body END AS body,
       CASE WHEN row_number() OVER (PARTITION BY w.document_number ORDER BY w.ordinal, w.space_id) = 1
            THEN w.metadata END AS metadata,
       w.template, w.model, w.dimensions, w.space_id
FROM (
    SELECT c.collection_id, c.id AS chunk_id, c.document_number, c.ordinal, c.span_start, c.span_end, c.heading_path,
           d.title, d.body, d.metadata, k.embedding_template AS template, s.model, s.dimensions, s.id AS space_id
    FROM concord.embedding_change x
    JOIN concord.collection k ON k.id = x.collection_id
    JOIN concord.embedding_space s ON s.id IN (x.old_space_id, x.new_space_id)
    JOIN concord.document d ON d.collection_id = x.collection_id AND d.number = ANY(%(document_numbers)s::int[])
    JOIN concord.chunk c ON c.collection_id = d.collection_id AND c.document_number = d.number
    WHERE x.collection_id = %(collection_id)s AND x.state NOT IN ('cleaning', 'cleaned') AND NOT EXISTS (
        SELECT FROM concord.embedding e
        WHERE e.space_id = s.id AND e.collection_id = c.collection_id AND e.document_number = c.document_number
            AND e.chunk_id = c.id)
) w
ORDER BY w.document_number, w.ordinal, w.space_id;

-- name: pace
-- What was taken uses up time at the change's rate.
UPDATE concord.embedding_change
SET paced_until = greatest(paced_until, clock_timestamp()) + make_interval(secs => %(chunks)s::int / rate)
WHERE collection_id = %(collection_id)s AND rate IS NOT NULL;

-- name: hold_change
-- The change stays what it is until the vectors stand: nobody cleans a space up meanwhile.
SELECT collection_id FROM concord.embedding_change WHERE collection_id = %(collection_id)s FOR SHARE;

-- name: lock_backfill
SELECT 1 AS locked FROM concord.embedding_backfill
WHERE collection_id = %(collection_id)s AND document_number = ANY(%(document_numbers)s::int[])
ORDER BY document_number
FOR UPDATE;

-- name: finish_documents
WITH done AS (
    DELETE FROM concord.embedding_backfill b
    USING unnest(%(document_numbers)s::int[], %(claims)s::timestamptz[]) AS w (document_number, claimed_until)
    WHERE b.collection_id = %(collection_id)s AND b.document_number = w.document_number
        AND b.claimed_until = w.claimed_until AND NOT b.is_stale
)
UPDATE concord.embedding_backfill b
SET claimed_until = NULL, attempts = 0, is_stale = false
FROM unnest(%(document_numbers)s::int[], %(claims)s::timestamptz[]) AS w (document_number, claimed_until)
WHERE b.collection_id = %(collection_id)s AND b.document_number = w.document_number
    AND b.claimed_until = w.claimed_until AND b.is_stale;

-- name: release_documents
-- As if they had not been taken, or given up.
UPDATE concord.embedding_backfill b
SET claimed_until = NULL, error = %(error)s,
    attempts = CASE WHEN %(final)s THEN %(max_attempts)s ELSE b.attempts - 1 END
FROM unnest(%(document_numbers)s::int[], %(claims)s::timestamptz[]) AS w (document_number, claimed_until)
WHERE b.collection_id = %(collection_id)s AND b.document_number = w.document_number
    AND b.claimed_until = w.claimed_until;

-- name: note_stragglers
-- Documents found in the serving space that would not be found in the other. There are some when a worker was at
-- them while the change began.
INSERT INTO concord.embedding_backfill (collection_id, document_number)
SELECT DISTINCT e.collection_id, e.document_number
FROM concord.embedding e
JOIN concord.chunk c ON c.collection_id = e.collection_id AND c.id = e.chunk_id
WHERE e.space_id = %(serving_space_id)s AND e.collection_id = %(collection_id)s AND NOT EXISTS (
    SELECT FROM concord.embedding o
    WHERE o.space_id = %(other_space_id)s AND o.collection_id = e.collection_id
        AND o.document_number = e.document_number AND o.chunk_id = e.chunk_id)
ON CONFLICT DO NOTHING
RETURNING *;

-- name: count_waiting
SELECT count(*)::int AS documents FROM concord.embedding_backfill
WHERE collection_id = %(collection_id)s AND attempts < %(max_attempts)s;

-- name: find_cleaning
SELECT x.collection_id, CASE c.space_id WHEN x.old_space_id THEN x.new_space_id ELSE x.old_space_id END AS space_id
FROM concord.embedding_change x
JOIN concord.collection c ON c.id = x.collection_id AND c.deleted_at IS NULL
WHERE x.state = 'cleaning'
ORDER BY x.collection_id;

-- name: drop_space_index
SELECT concord.drop_space_index(%(collection_id)s, %(space_id)s);

-- name: clean_vectors
WITH doomed AS (
    SELECT document_number, chunk_id FROM concord.embedding
    WHERE space_id = %(space_id)s AND collection_id = %(collection_id)s
    LIMIT %(limit)s
), cleaned AS (
    DELETE FROM concord.embedding e USING doomed d
    WHERE e.space_id = %(space_id)s AND e.collection_id = %(collection_id)s
        AND e.document_number = d.document_number AND e.chunk_id = d.chunk_id
    RETURNING e.chunk_id
)
SELECT count(*)::int AS vectors FROM cleaned;

-- name: finish_cleaning
UPDATE concord.embedding_change SET state = 'cleaned', changed_at = now()
WHERE collection_id = %(collection_id)s AND state = 'cleaning';

-- name: forget_backfill
DELETE FROM concord.embedding_backfill WHERE collection_id = %(collection_id)s;
