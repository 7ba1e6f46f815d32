-- Chunks for the time being, without a hash: what concord.upsert_document has written and no worker has seen yet.

-- name: find_interim_documents
-- Those of these documents that have them, with the number that their text has in the index.
SELECT d.collection_id, d.number, d.index_number, d.id, d.title, d.body, d.url, d.metadata, d.page_starts,
       d.expires_at, d.expires_by_ttl, d.readers
FROM unnest(%(collection_ids)s::int[], %(document_numbers)s::int[]) AS w (collection_id, document_number)
JOIN concord.collection c ON c.id = w.collection_id AND c.deleted_at IS NULL
JOIN concord.document d ON d.collection_id = w.collection_id AND d.number = w.document_number
CROSS JOIN LATERAL (
    SELECT k.embedded_hash FROM concord.chunk k
    WHERE k.collection_id = d.collection_id AND k.document_number = d.number ORDER BY k.ordinal LIMIT 1
) k
WHERE k.embedded_hash = ''
ORDER BY d.collection_id, d.number;

-- name: find_collections
SELECT * FROM concord.collection WHERE id = ANY(%(collection_ids)s::int[]);

-- name: renumber_documents
-- With their hashes, which SQL does not know in a collection with an embedding template of its own.
UPDATE concord.document d
SET index_number = w.index_number, content_hash = w.content_hash, text_hash = w.text_hash
FROM unnest(%(numbers)s::int[], %(index_numbers)s::int[], %(content_hashes)s::bytea[], %(text_hashes)s::bytea[])
    AS w (number, index_number, content_hash, text_hash)
WHERE d.collection_id = %(collection_id)s AND d.number = w.number;
