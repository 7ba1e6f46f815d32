-- name: find_language
SELECT cfgname::text AS name FROM pg_ts_config WHERE cfgname = %(language)s AND pg_ts_config_is_visible(oid);

-- name: insert_collection
INSERT INTO concord.collection (name, language, chunking, embedding_template, ttl_seconds, own_vectors, max_documents, space_id)
VALUES (%(name)s, %(language)s, %(chunking)s, %(template)s::text[], %(ttl_seconds)s, %(own_vectors)s, %(max_documents)s,
        concord.open_embedding_space(%(model)s, %(dimensions)s))
ON CONFLICT (name) WHERE deleted_at IS NULL DO NOTHING
RETURNING id;

-- name: find_collection
SELECT c.id, c.name, c.language, c.space_id, c.chunking, c.embedding_template,
       ARRAY(SELECT c.name UNION ALL SELECT a.name FROM concord.alias a WHERE a.collection_id = c.id) AS known_as,
       c.ttl_seconds, c.own_vectors, s.dimensions, concord.gone(c.id) AS gone
FROM concord.collection c JOIN concord.embedding_space s ON s.id = c.space_id
WHERE c.id = concord.collection_named(%(name)s);

-- name: find_name
SELECT name FROM concord.collection WHERE id = %(collection_id)s AND deleted_at IS NULL;

-- name: count_collections
SELECT c.name, c.language, c.chunking, c.embedding_template, s.model, s.dimensions, c.created_at, c.updated_at,
       -- Those that wait for their removal are as many as they were found to be.
       greatest(t.documents - r.documents, 0) AS documents, t.chunks, j.pending, j.failed,
       /*settings*/ '{}'::jsonb /*end*/ AS settings, c.ttl_seconds, c.own_vectors, c.max_documents
FROM concord.collection c
JOIN concord.embedding_space s ON s.id = c.space_id
CROSS JOIN LATERAL (
    -- Who may not read every document is told of those that may be read.
    SELECT CASE WHEN concord.sees_all() THEN coalesce(sum(documents), 0)
                ELSE (SELECT count(*) FROM concord.document WHERE collection_id = c.id) END::int AS documents,
           CASE WHEN concord.sees_all() THEN coalesce(sum(chunks), 0)
                ELSE (SELECT count(*) FROM concord.chunk WHERE collection_id = c.id) END::int AS chunks
    FROM concord.keyword_statistic WHERE collection_id = c.id
) t
CROSS JOIN LATERAL (
    SELECT (SELECT coalesce(sum(greatest(documents - purged, 0)), 0) FROM concord.deletion WHERE collection_id = c.id)::int
           + (SELECT count(*) FROM concord.document WHERE collection_id = c.id AND expires_at <= now())::int AS documents
) r
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'pending')::int AS pending,
           count(*) FILTER (WHERE state = 'failed')::int AS failed
    FROM concord.embedding_job WHERE collection_id = c.id
) j
WHERE c.deleted_at IS NULL AND /*which*/ c.name > %(name)s COLLATE "C" /*end*/
ORDER BY c.name
LIMIT %(limit)s;

-- name: fragment_settings
coalesce((SELECT settings FROM concord.collection_settings WHERE collection_id = c.id), '{}');

-- name: rename_collection
UPDATE concord.collection
SET name = %(new_name)s, updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE name = %(name)s AND deleted_at IS NULL
RETURNING id;

-- name: touch_collection
-- No two versions of a collection have one time, and who changes it has it alone.
UPDATE concord.collection SET updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE id = concord.collection_named(%(name)s) AND deleted_at IS NULL
RETURNING id;

-- name: choose_passages
UPDATE concord.collection
SET chunking = coalesce(%(chunking)s::text, chunking),
    embedding_template = coalesce(%(template)s::text[], embedding_template)
WHERE id = %(collection_id)s;

-- name: choose_ttl
UPDATE concord.collection SET ttl_seconds = %(ttl_seconds)s WHERE id = %(collection_id)s;

-- name: choose_quota
UPDATE concord.collection SET max_documents = %(max_documents)s WHERE id = %(collection_id)s;

-- name: hold_collection
-- Nobody changes it, or gives it an alias, until the end of the unit of work.
SELECT id, updated_at FROM concord.collection WHERE name = %(name)s AND deleted_at IS NULL FOR UPDATE;

-- name: bury_collection
UPDATE concord.collection SET deleted_at = now(), updated_at = now()
WHERE name = %(name)s AND deleted_at IS NULL
RETURNING id;

-- name: list_live_ids
SELECT id FROM concord.collection WHERE deleted_at IS NULL ORDER BY id;

-- name: list_buried_ids
SELECT id FROM concord.collection WHERE deleted_at IS NOT NULL ORDER BY deleted_at;

-- name: purge_blocks
WITH doomed AS (
    SELECT term_id, block FROM concord.keyword_block WHERE collection_id = %(collection_id)s LIMIT %(limit)s
), purged AS (
    DELETE FROM concord.keyword_block b USING doomed
    WHERE b.collection_id = %(collection_id)s AND b.term_id = doomed.term_id AND b.block = doomed.block
    RETURNING b.term_id
)
SELECT count(*)::int AS count FROM purged;

-- name: purge_collection
-- The last step, when its documents and blocks are gone.
WITH vectors AS (
    DELETE FROM concord.embedding
    WHERE space_id = ANY((SELECT concord.spaces_with_vectors(%(collection_id)s))::int[])
        AND collection_id = %(collection_id)s
), terms AS (DELETE FROM concord.keyword_term WHERE collection_id = %(collection_id)s),
words AS (DELETE FROM concord.keyword_word WHERE collection_id = %(collection_id)s),
retired AS (DELETE FROM concord.keyword_retired WHERE collection_id = %(collection_id)s),
statistics AS (DELETE FROM concord.keyword_statistic WHERE collection_id = %(collection_id)s),
fields AS (DELETE FROM concord.metadata_field WHERE collection_id = %(collection_id)s)
SELECT 1 AS count;

-- name: delete_collection
DELETE FROM concord.collection WHERE id = %(collection_id)s;
