-- name: find_spaces_to_index
-- Spaces with a collection too large to be scanned exactly, whose vectors have no index yet.
SELECT DISTINCT c.space_id AS id
FROM concord.collection c
WHERE c.deleted_at IS NULL
    AND to_regclass(format('concord_embedding.space_%%s_vector_idx', c.space_id)) IS NULL
    AND (SELECT sum(chunks) FROM concord.keyword_statistic WHERE collection_id = c.id) > %(exact_chunks)s
ORDER BY c.space_id;

-- name: allow_long_statement
-- An index takes minutes for a hundred thousand vectors; the function's own time limit bounds it.
SELECT set_config('statement_timeout', '0', true);

-- name: index_embedding_space
SELECT concord.index_embedding_space(%(space_id)s);
