-- Collections as they go into bundles, and documents as they come out of them.

-- name: find_exported_collection
SELECT c.id, c.name, c.language, c.chunking, c.embedding_template, s.model, s.dimensions,
       coalesce((SELECT settings FROM concord.collection_settings WHERE collection_id = c.id), '{}') AS settings,
       c.ttl_seconds, c.own_vectors, concord.gone(c.id) AS gone
FROM concord.collection c JOIN concord.embedding_space s ON s.id = c.space_id
WHERE c.id = %(collection_id)s AND c.deleted_at IS NULL;

-- name: list_exported_documents
-- Documents after a number, until their bodies have passed `room` bytes: in the order in which a restored collection
-- numbers them, so that its ties are broken as they were.
SELECT d.* FROM (
    SELECT d.number, sum(octet_length(d.body)) OVER (ORDER BY d.number) - octet_length(d.body) AS bytes_before
    FROM concord.document d
    WHERE d.collection_id = %(collection_id)s AND d.number > %(after)s AND d.number <= %(until)s
        AND /*shown*/ true /*end*/
    ORDER BY d.number LIMIT %(limit)s
) w
CROSS JOIN LATERAL (
    SELECT * FROM concord.document WHERE collection_id = %(collection_id)s AND number = w.number OFFSET 0
) d
WHERE w.bytes_before <= %(room)s
ORDER BY d.number;

-- name: list_exported_vectors
-- A half-precision vector is sent as its dimensions, an unused number and its numbers, the high byte first.
SELECT c.document_number, encode(c.embedded_hash, 'hex') AS hash,
       translate(encode(substr(halfvec_send(e.vector), 5), 'base64'), E'\n', '') AS vector
FROM concord.collection k
JOIN concord.chunk c ON c.collection_id = k.id AND c.document_number = ANY(%(document_numbers)s::int[])
CROSS JOIN LATERAL (
    SELECT vector FROM concord.embedding
    WHERE space_id = k.space_id AND collection_id = k.id AND document_number = c.document_number AND chunk_id = c.id
    OFFSET 0
) e
WHERE k.id = %(collection_id)s
ORDER BY c.document_number, c.ordinal;

-- name: has_documents
SELECT EXISTS (SELECT FROM concord.document WHERE collection_id = %(collection_id)s) AS answer;

-- name: restore_times
-- What comes back while a deletion stands was not meant by it.
UPDATE concord.document d
SET created_at = w.created_at, updated_at = t.updated_at, expires_at = w.expires_at, expires_by_ttl = w.expires_by_ttl
FROM unnest(
    %(ids)s::text[], %(created_at)s::timestamptz[], %(updated_at)s::timestamptz[], %(expires_at)s::timestamptz[],
    %(expires_by_ttl)s::boolean[]
) AS w (id, created_at, updated_at, expires_at, expires_by_ttl)
CROSS JOIN LATERAL (
    SELECT greatest(w.updated_at, max(x.deleted_at) + interval '1 microsecond') AS updated_at
    FROM concord.deletion x WHERE x.collection_id = %(collection_id)s
) t
WHERE d.collection_id = %(collection_id)s AND d.id = w.id
    AND (d.created_at, d.updated_at, d.expires_at, d.expires_by_ttl)
        IS DISTINCT FROM (w.created_at, t.updated_at, w.expires_at, w.expires_by_ttl);

-- name: restore_vectors
-- For the chunks of these documents that were made of the same texts.
INSERT INTO concord.embedding (space_id, collection_id, document_number, chunk_id, vector)
SELECT k.space_id, k.id, c.document_number, c.id, w.vector::halfvec
FROM concord.collection k
CROSS JOIN unnest(%(ids)s::text[], %(hashes)s::bytea[], %(vectors)s::text[]) AS w (id, hash, vector)
CROSS JOIN LATERAL (
    SELECT number FROM concord.document WHERE collection_id = k.id AND id = w.id OFFSET 0
) d
CROSS JOIN LATERAL (
    SELECT id, document_number FROM concord.chunk
    WHERE collection_id = k.id AND document_number = d.number AND embedded_hash = w.hash OFFSET 0
) c
WHERE k.id = %(collection_id)s
ON CONFLICT DO NOTHING;

-- name: complete_restored
-- The documents of which no chunk is without a vector. Those of a collection that changes its space keep their jobs:
-- the worker, who finds nothing to embed, notes them for the other one.
DELETE FROM concord.embedding_job j
USING concord.document d, concord.collection k
WHERE k.id = %(collection_id)s AND d.collection_id = k.id AND d.id = ANY(%(ids)s::text[])
    AND j.collection_id = k.id AND j.document_number = d.number
    AND NOT EXISTS (
        SELECT FROM concord.embedding_change x
        WHERE x.collection_id = k.id AND x.state NOT IN ('cleaning', 'cleaned'))
    AND NOT EXISTS (
        SELECT FROM concord.chunk c
        WHERE c.collection_id = k.id AND c.document_number = d.number AND NOT EXISTS (
            SELECT FROM concord.embedding e
            WHERE e.space_id = k.space_id AND e.collection_id = k.id AND e.document_number = c.document_number
                AND e.chunk_id = c.id));
