-- name: request_embedding
-- A document's job row is the lock between its writer and its embedder; starting it anew voids every claim on it.
INSERT INTO concord.embedding_job (collection_id, document_number, index_number, principal)
SELECT %(collection_id)s, *, nullif(current_setting('concord.principal', true), '')
FROM unnest(%(document_numbers)s::int[], %(index_numbers)s::int[])
ON CONFLICT (collection_id, document_number) DO UPDATE SET
    index_number = excluded.index_number, state = 'pending', attempts = 0, claimed_until = NULL, error = NULL,
    created_at = now(), principal = excluded.principal;

-- name: withdraw_embedding
DELETE FROM concord.embedding_job
WHERE collection_id = %(collection_id)s AND document_number = ANY(%(document_numbers)s::int[]);

-- name: claim_jobs
-- Takes pending jobs nobody works on; a claim that is not completed in time is free again. Those that a worker went
-- down with are claimed apart from the others.
WITH due AS (
    SELECT j.collection_id, j.document_number
    FROM concord.embedding_job j JOIN concord.collection c ON c.id = j.collection_id AND c.deleted_at IS NULL
    WHERE j.state = 'pending' AND j.attempts < %(max_attempts)s
        AND (j.attempts > 0) = %(retried)s
        AND (j.claimed_until IS NULL OR j.claimed_until < now())
        AND (%(collection_id)s::int IS NULL OR j.collection_id = %(collection_id)s)
        AND (%(document_numbers)s::int[] IS NULL OR j.document_number = ANY(%(document_numbers)s::int[]))
    ORDER BY CASE WHEN %(retried)s THEN j.attempts END, j.created_at, j.document_number
    LIMIT %(limit)s
    FOR UPDATE OF j SKIP LOCKED
)
UPDATE concord.embedding_job j
SET claimed_until = now() + make_interval(secs => %(lease_seconds)s), attempts = j.attempts + 1,
    error = nullif(j.error, %(waited_for)s)
FROM due
WHERE j.collection_id = due.collection_id AND j.document_number = due.document_number
RETURNING j.*;

-- name: note_waiting
-- Tells of pending jobs that nobody works on what they wait for; they are left as they are.
WITH due AS (
    SELECT j.collection_id, j.document_number FROM concord.embedding_job j
    WHERE j.state = 'pending' AND j.error IS DISTINCT FROM %(waits_for)s
        AND (j.claimed_until IS NULL OR j.claimed_until < now())
        AND (%(collection_id)s::int IS NULL OR j.collection_id = %(collection_id)s)
        AND (%(document_numbers)s::int[] IS NULL OR j.document_number = ANY(%(document_numbers)s::int[]))
    ORDER BY j.created_at, j.document_number
    LIMIT %(limit)s
    FOR UPDATE OF j SKIP LOCKED
)
UPDATE concord.embedding_job j SET error = %(waits_for)s
FROM due
WHERE j.collection_id = due.collection_id AND j.document_number = due.document_number
RETURNING j.*;

-- name: find_unembedded_chunks
-- What is missing of these documents: the chunks without a vector. A body comes with its document's first one, for
-- the client to cut: each substr() of a long body unpacks all of it, which takes minutes for one of megabytes.
SELECT c.collection_id, c.id AS chunk_id, c.document_number, c.span_start, c.span_end, c.heading_path, d.title,
       CASE WHEN c.ordinal = min(c.ordinal) OVER (PARTITION BY c.collection_id, c.document_number)
            THEN d.body END AS body,
       CASE WHEN c.ordinal = min(c.ordinal) OVER (PARTITION BY c.collection_id, c.document_number)
                AND k.embedding_template::text LIKE '%%metadata.%%'
            THEN d.metadata END AS metadata,
       k.embedding_template AS template, s.model, s.dimensions, s.id AS space_id
FROM unnest(%(collection_ids)s::int[], %(document_numbers)s::int[]) AS w (collection_id, document_number)
JOIN concord.document d ON d.collection_id = w.collection_id AND d.number = w.document_number
JOIN concord.collection k ON k.id = d.collection_id
JOIN concord.embedding_space s ON s.id = k.space_id
JOIN concord.chunk c ON c.collection_id = d.collection_id AND c.document_number = d.number
WHERE NOT k.own_vectors AND NOT EXISTS (
    SELECT FROM concord.embedding e
    WHERE e.space_id = k.space_id AND e.collection_id = c.collection_id
        AND e.document_number = c.document_number AND e.chunk_id = c.id)
ORDER BY c.collection_id, c.document_number, c.ordinal;

-- name: lock_jobs
-- In a fixed order, so that two workers never wait for each other.
SELECT 1 FROM unnest(%(collection_ids)s::int[], %(document_numbers)s::int[]) AS w (collection_id, document_number)
JOIN concord.embedding_job j USING (collection_id, document_number)
ORDER BY j.collection_id, j.document_number
FOR UPDATE OF j;

-- name: fail_exhausted
-- A document that takes its worker down each time is given up after the last attempt's lease.
WITH exhausted AS (
    SELECT collection_id, document_number FROM concord.embedding_job
    WHERE state = 'pending' AND attempts >= %(max_attempts)s AND (claimed_until IS NULL OR claimed_until < now())
    FOR UPDATE SKIP LOCKED
)
UPDATE concord.embedding_job j
SET state = 'failed', claimed_until = NULL, error = coalesce(error, 'Embedding did not finish, attempt after attempt.')
FROM exhausted e
WHERE j.collection_id = e.collection_id AND j.document_number = e.document_number
RETURNING j.*;

-- name: oldest_pending
SELECT extract(epoch FROM now() - created_at)::float8 AS seconds FROM concord.embedding_job
WHERE state = 'pending' ORDER BY created_at LIMIT 1;

-- name: retry_failed
-- Sending a document again, even unchanged, gives its failed embedding a new start.
UPDATE concord.embedding_job j
SET state = 'pending', attempts = 0, claimed_until = NULL, error = NULL, created_at = now()
FROM concord.document d
WHERE d.collection_id = %(collection_id)s AND d.id = ANY(%(ids)s::text[])
    AND j.collection_id = d.collection_id AND j.document_number = d.number AND j.state = 'failed'
RETURNING j.*;

-- name: count_failed
SELECT c.name AS collection,
       ARRAY(SELECT c.name UNION ALL SELECT a.name FROM concord.alias a WHERE a.collection_id = c.id) AS known_as,
       c.id AS collection_id, count(*) AS documents, now() AS counted_at
FROM concord.embedding_job j JOIN concord.collection c ON c.id = j.collection_id AND c.deleted_at IS NULL
WHERE j.state = 'failed' AND (%(collection)s::text IS NULL OR c.id = concord.collection_named(%(collection)s))
GROUP BY c.id, c.name ORDER BY c.name;

-- name: restart_failed
-- A job that is started anew is asked for from now on.
WITH failed AS (
    SELECT collection_id, document_number FROM concord.embedding_job
    WHERE collection_id = %(collection_id)s AND state = 'failed' AND created_at <= %(before)s
    ORDER BY document_number
    LIMIT %(limit)s
    FOR UPDATE
)
UPDATE concord.embedding_job j
SET state = 'pending', attempts = 0, claimed_until = NULL, error = NULL, created_at = clock_timestamp()
FROM failed f
WHERE j.collection_id = f.collection_id AND j.document_number = f.document_number
RETURNING j.*;

-- name: name_collections
SELECT name FROM concord.collection WHERE id = ANY(%(collection_ids)s::int[]) AND deleted_at IS NULL
UNION ALL
SELECT name FROM concord.alias WHERE collection_id = ANY(%(collection_ids)s::int[])
ORDER BY name;

-- name: insert_embeddings
-- In the space that they were made for, if the collection still has it.
INSERT INTO concord.embedding (space_id, collection_id, document_number, chunk_id, vector)
SELECT v.space_id, c.collection_id, c.document_number, c.id, v.vector::halfvec
FROM unnest(%(space_ids)s::int[], %(collection_ids)s::int[], %(chunk_ids)s::bigint[], %(vectors)s::text[])
    AS v (space_id, collection_id, chunk_id, vector)
JOIN concord.chunk c ON c.collection_id = v.collection_id AND c.id = v.chunk_id
JOIN concord.collection k ON k.id = c.collection_id
WHERE v.space_id = k.space_id OR v.space_id = concord.other_space(k.id)
ON CONFLICT DO NOTHING;

-- name: forget_vectors
-- Those that are others by now, and what another model made of a text of before.
DELETE FROM concord.embedding e
USING concord.collection k,
      unnest(%(document_numbers)s::int[], %(vectors)s::text[], %(are_new_texts)s::boolean[])
          AS w (document_number, vector, is_new_text)
WHERE k.id = %(collection_id)s
    AND e.space_id = ANY((SELECT concord.spaces_with_vectors(%(collection_id)s))::int[])
    AND e.collection_id = k.id AND e.document_number = w.document_number
    AND CASE WHEN e.space_id = k.space_id THEN e.vector <> w.vector::halfvec ELSE w.is_new_text END;

-- name: give_vectors
-- To the one chunk that each of these documents has. While the collection changes its space, they are noted for the
-- other one.
WITH given AS (
    INSERT INTO concord.embedding (space_id, collection_id, document_number, chunk_id, vector)
    SELECT k.space_id, k.id, c.document_number, c.id, w.vector::halfvec
    FROM concord.collection k
    CROSS JOIN unnest(%(document_numbers)s::int[], %(vectors)s::text[]) AS w (document_number, vector)
    CROSS JOIN LATERAL (
        SELECT id, document_number FROM concord.chunk
        WHERE collection_id = k.id AND document_number = w.document_number OFFSET 0
    ) c
    WHERE k.id = %(collection_id)s
    ON CONFLICT DO NOTHING
)
INSERT INTO concord.embedding_backfill AS b (collection_id, document_number)
SELECT x.collection_id, w.document_number
FROM concord.embedding_change x CROSS JOIN unnest(%(document_numbers)s::int[]) AS w (document_number)
WHERE x.collection_id = %(collection_id)s AND x.state NOT IN ('cleaning', 'cleaned')
ORDER BY w.document_number
ON CONFLICT (collection_id, document_number) DO UPDATE SET
    is_stale = b.claimed_until IS NOT NULL, attempts = CASE WHEN b.claimed_until IS NULL THEN 0 ELSE b.attempts END,
    error = NULL;

-- name: find_given_vector
-- The vector that came with a document.
SELECT e.vector::text AS vector
FROM concord.document d
CROSS JOIN LATERAL (
    SELECT id FROM concord.chunk
    WHERE collection_id = d.collection_id AND document_number = d.number AND embedded_hash = %(given_hash)s OFFSET 0
) c
JOIN concord.collection k ON k.id = d.collection_id
CROSS JOIN LATERAL (
    SELECT vector FROM concord.embedding
    WHERE space_id = k.space_id AND collection_id = k.id AND document_number = d.number AND chunk_id = c.id OFFSET 0
) e
WHERE d.collection_id = concord.collection_named(%(collection)s) AND d.id = %(id)s COLLATE "C";

-- name: complete_jobs
-- A document is ready when the claim on it still stands: its end is its mark, which no later claim, text or document
-- of the same number has. While the collection changes its space, the document is noted for the other one.
WITH changing AS MATERIALIZED (
    SELECT x.collection_id FROM concord.embedding_change x
    WHERE x.collection_id = ANY(%(collection_ids)s::int[]) AND x.state NOT IN ('cleaning', 'cleaned')
    ORDER BY x.collection_id
    FOR SHARE
), completed AS (
    DELETE FROM concord.embedding_job j
    USING unnest(%(collection_ids)s::int[], %(document_numbers)s::int[], %(claims)s::timestamptz[])
        AS w (collection_id, document_number, claimed_until)
    WHERE j.collection_id = w.collection_id AND j.document_number = w.document_number
        AND j.claimed_until = w.claimed_until
    RETURNING j.collection_id, j.document_number
)
INSERT INTO concord.embedding_backfill AS b (collection_id, document_number)
SELECT collection_id, document_number FROM completed JOIN changing USING (collection_id)
ORDER BY collection_id, document_number
ON CONFLICT (collection_id, document_number) DO UPDATE SET
    is_stale = b.claimed_until IS NOT NULL, attempts = CASE WHEN b.claimed_until IS NULL THEN 0 ELSE b.attempts END,
    error = NULL;

-- name: release_jobs
-- Gives claims back, with the reason if there is one: as failed when trying again cannot help, else as if they had
-- not been made. Only a worker that never comes back uses an attempt up.
UPDATE concord.embedding_job j
SET claimed_until = NULL, error = %(error)s, attempts = CASE WHEN %(final)s THEN j.attempts ELSE j.attempts - 1 END,
    state = CASE WHEN %(final)s THEN 'failed' ELSE 'pending' END::concord.embedding_state
FROM unnest(%(collection_ids)s::int[], %(document_numbers)s::int[], %(claims)s::timestamptz[])
    AS w (collection_id, document_number, claimed_until)
WHERE j.collection_id = w.collection_id AND j.document_number = w.document_number
    AND j.claimed_until = w.claimed_until;
