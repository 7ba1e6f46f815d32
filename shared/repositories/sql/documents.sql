-- name: find_versions
-- What is stored of these ids: enough to tell what a write changes.
SELECT id, number, index_number, content_hash, text_hash, expires_by_ttl, readers
FROM concord.document
WHERE collection_id = %(collection_id)s AND id = ANY(%(ids)s::text[]);

-- name: find_stored_chunks
SELECT c.document_number, c.id, c.embedded_hash
FROM concord.document d
JOIN concord.chunk c ON c.collection_id = d.collection_id AND c.document_number = d.number
WHERE d.collection_id = %(collection_id)s AND d.id = ANY(%(ids)s::text[])
ORDER BY c.document_number, c.ordinal;

-- name: find_live_collection
SELECT id, concord.gone(id) AS gone, concord.room_for_documents(id) AS room FROM concord.collection WHERE id = %(collection_id)s AND deleted_at IS NULL;

-- name: find_last_numbers
-- Under the collection's lock the next numbers follow from what is stored: no counter to contend for.
SELECT coalesce((SELECT max(number) FROM concord.document WHERE collection_id = %(collection_id)s), 0) AS number,
       greatest(
           (SELECT max(index_number) FROM concord.document WHERE collection_id = %(collection_id)s),
           (SELECT max(index_number) FROM concord.keyword_retired WHERE collection_id = %(collection_id)s), 0
       ) AS index_number;

-- name: find_last_number
SELECT coalesce(max(number), 0) AS number FROM concord.document WHERE collection_id = %(collection_id)s;

-- name: upsert_documents
INSERT INTO concord.document
    (collection_id, id, number, index_number, title, body, url, metadata, content_hash, text_hash, page_starts,
     expires_at, expires_by_ttl, created_at, updated_at, readers)
-- Arrays of unequal lengths cannot be one array, so pages and readers come as text. The time is one after the collection's lock
-- was taken, so that what was deleted before is told from what is written after.
SELECT %(collection_id)s, w.id, w.number, w.index_number, w.title, w.body, w.url, w.metadata,
       -- Texts are sent in a seventh of the time that the driver takes for bytes.
       decode(w.content_hash, 'hex'), decode(w.text_hash, 'hex'), w.page_starts::int[],
       coalesce(w.expires_at, now() + make_interval(secs => %(ttl_seconds)s::int)),
       w.expires_at IS NULL AND %(ttl_seconds)s::int IS NOT NULL, statement_timestamp(), statement_timestamp(), w.readers::text[]
FROM unnest(
    %(ids)s::text[], %(numbers)s::int[], %(index_numbers)s::int[], %(titles)s::text[], %(bodies)s::text[],
    %(urls)s::text[], %(metadata)s::jsonb[], %(content_hashes)s::text[], %(text_hashes)s::text[],
    %(page_starts)s::text[], %(expires_at)s::timestamptz[], %(readers)s::text[]
) AS w (id, number, index_number, title, body, url, metadata, content_hash, text_hash, page_starts, expires_at, readers)
ON CONFLICT (collection_id, id) DO UPDATE SET
    index_number = excluded.index_number, title = excluded.title, body = excluded.body, url = excluded.url,
    metadata = excluded.metadata, content_hash = excluded.content_hash, text_hash = excluded.text_hash,
    page_starts = excluded.page_starts,
    -- No two versions of a document have one time, though the clock be set back.
    updated_at = greatest(excluded.updated_at, document.updated_at + interval '1 microsecond'), expires_at = excluded.expires_at,
    expires_by_ttl = excluded.expires_by_ttl, readers = excluded.readers;

-- name: renew_expiry
-- Of documents that are written again as they are, as far as their time is not their own.
UPDATE concord.document
SET expires_at = now() + make_interval(secs => %(ttl_seconds)s::int), expires_by_ttl = %(ttl_seconds)s::int IS NOT NULL
WHERE collection_id = %(collection_id)s AND number = ANY(%(document_numbers)s::int[])
    AND (expires_by_ttl OR expires_at IS NULL);

-- name: note_metadata_fields
INSERT INTO concord.metadata_field (collection_id, name)
SELECT %(collection_id)s, name FROM unnest(%(names)s::text[]) AS name
ON CONFLICT DO NOTHING;

-- name: list_metadata_fields
SELECT f.*
FROM concord.metadata_field f JOIN concord.collection c ON c.id = f.collection_id
WHERE c.id = concord.collection_named(%(collection)s)
ORDER BY f.name;

-- name: delete_stored_chunks
WITH vectors AS (
    DELETE FROM concord.embedding
    WHERE space_id = ANY((SELECT concord.spaces_with_vectors(%(collection_id)s))::int[])
        AND collection_id = %(collection_id)s AND document_number = ANY(%(document_numbers)s::int[])
        AND chunk_id = ANY(%(chunk_ids)s::bigint[])
)
DELETE FROM concord.chunk WHERE collection_id = %(collection_id)s AND id = ANY(%(chunk_ids)s::bigint[]);

-- name: delete_documents
WITH vectors AS (
    DELETE FROM concord.embedding
    WHERE space_id = ANY((SELECT concord.spaces_with_vectors(%(collection_id)s))::int[])
        AND collection_id = %(collection_id)s AND document_number = ANY(%(document_numbers)s::int[])
)
DELETE FROM concord.document
WHERE collection_id = %(collection_id)s AND number = ANY(%(document_numbers)s::int[]);

-- name: find_document
SELECT d.id, d.title, d.body, d.url, d.metadata, d.page_starts, d.created_at, d.updated_at, d.expires_at, d.expires_by_ttl,
       CASE WHEN concord.sees_all() THEN d.readers END AS readers, coalesce(j.state, 'ready')::text AS embedding_state, j.error AS embedding_error
FROM concord.document d
JOIN concord.collection c ON c.id = d.collection_id
LEFT JOIN concord.embedding_job j ON j.collection_id = d.collection_id AND j.document_number = d.number
WHERE c.id = concord.collection_named(%(collection)s) AND d.id = %(id)s;

-- name: list_documents
-- Documents until their bodies have passed `room` bytes, and one more, which tells that the list goes on.
SELECT s.id, s.title, s.body, s.url, s.metadata, s.page_starts, s.created_at, s.updated_at, s.expires_at, s.expires_by_ttl,
       CASE WHEN concord.sees_all() THEN s.readers END AS readers, coalesce(j.state, 'ready')::text AS embedding_state, j.error AS embedding_error
FROM (
    SELECT d.*, sum(octet_length(d.body)) OVER (
               ORDER BY d.id ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING) AS bytes_before
    FROM concord.document d
    WHERE d.collection_id = %(collection_id)s AND d.id > %(after)s COLLATE "C"
        AND /*filter*/ true /*end*/ AND /*shown*/ true /*end*/
    ORDER BY d.id
    LIMIT %(limit)s
) s
LEFT JOIN concord.embedding_job j ON j.collection_id = s.collection_id AND j.document_number = s.number
WHERE coalesce(s.bytes_before, 0) <= %(room)s
ORDER BY s.id;

-- name: shown_ids
-- Those of these documents that are not gone.
SELECT d.id FROM concord.document d
WHERE d.collection_id = %(collection_id)s AND d.id = ANY(%(ids)s::text[]) AND /*shown*/ true /*end*/;

-- name: expired_of
SELECT number FROM concord.document
WHERE collection_id = %(collection_id)s AND id = ANY(%(ids)s::text[]) AND expires_at <= now();

-- name: find_doomed
-- Some documents of a buried collection, of up to 20 MB together.
SELECT number FROM (
    SELECT number, sum(octet_length(body)) OVER (ORDER BY number) - octet_length(body) AS bytes_before
    FROM concord.document WHERE collection_id = %(collection_id)s ORDER BY number LIMIT %(limit)s
) d
WHERE bytes_before <= 20000000;

-- name: list_expiring_collections
-- One look into the index for each: those that expire later may be millions.
SELECT c.id AS number FROM concord.collection c
CROSS JOIN LATERAL (
    SELECT FROM concord.document d WHERE d.collection_id = c.id AND d.expires_at <= now()
    ORDER BY d.expires_at LIMIT 1
) d
WHERE c.deleted_at IS NULL
ORDER BY c.id;

-- name: find_expired
-- Some documents whose time has come, of up to 20 MB together.
SELECT number FROM (
    SELECT number, sum(octet_length(body)) OVER (ORDER BY expires_at, number) - octet_length(body) AS bytes_before
    FROM concord.document WHERE collection_id = %(collection_id)s AND expires_at <= now()
    ORDER BY expires_at, number LIMIT %(limit)s
) d
WHERE bytes_before <= 20000000;
