-- Chunks for the time being, without a hash: what concord.upsert_document has written and no worker has seen yet.

-- name: find_interim_documents
-- Those of these documents that have them, with the number that their text has in the index.
SELECT d.collection_id, c.language, c.chunking, d.number, d.index_number, d.id, d.title, d.body
FROM unnest(%(collection_ids)s::int[], %(document_numbers)s::int[]) AS w (collection_id, document_number)
JOIN concord.collection c ON c.id = w.collection_id AND c.deleted_at IS NULL
JOIN concord.document d ON d.collection_id = w.collection_id AND d.number = w.document_number
CROSS JOIN LATERAL (
    SELECT k.embedded_hash FROM concord.chunk k
    WHERE k.collection_id = d.collection_id AND k.document_number = d.number ORDER BY k.ordinal LIMIT 1
) k
WHERE k.embedded_hash = ''
ORDER BY d.collection_id, d.number;

-- name: renumber_documents
UPDATE concord.document d SET index_number = w.index_number
FROM unnest(%(numbers)s::int[], %(index_numbers)s::int[]) AS w (number, index_number)
WHERE d.collection_id = %(collection_id)s AND d.number = w.number;
