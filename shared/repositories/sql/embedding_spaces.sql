-- name: find_outgrown_collections
-- Collections too large to be scanned exactly, whose vectors have no index yet, in the space that serves or in the one
-- that is to; the smallest first, as most of them can be helped soon.
SELECT c.id, c.name, s.id AS space_id, s.dimensions, t.chunks, false AS has_index
FROM concord.collection c
LEFT JOIN concord.embedding_change x ON x.collection_id = c.id AND x.state NOT IN ('backfilling', 'cleaning', 'cleaned')
JOIN concord.embedding_space s ON s.id IN (c.space_id, x.old_space_id, x.new_space_id)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(chunks), 0)::int AS chunks FROM concord.keyword_statistic WHERE collection_id = c.id
) t
WHERE c.deleted_at IS NULL AND t.chunks > %(exact_chunks)s
    AND to_regclass(format('concord_embedding.collection_%%s_space_%%s_idx', c.id, s.id)) IS NULL
ORDER BY t.chunks, c.id, s.id;

-- name: find_indexable_collection
SELECT c.id, c.name, s.id AS space_id, s.dimensions,
       (SELECT coalesce(sum(chunks), 0)::int FROM concord.keyword_statistic WHERE collection_id = c.id) AS chunks,
       to_regclass(format('concord_embedding.collection_%%s_space_%%s_idx', c.id, s.id)) IS NOT NULL
           AS has_index
FROM concord.collection c
LEFT JOIN concord.embedding_change x ON x.collection_id = c.id AND x.state NOT IN ('backfilling', 'cleaning', 'cleaned')
JOIN concord.embedding_space s ON s.id IN (c.space_id, x.old_space_id, x.new_space_id)
WHERE c.name = %(name)s AND c.deleted_at IS NULL
ORDER BY s.id;

-- name: limit_build
-- An index takes minutes for a hundred thousand vectors; the caller's own time bounds it.
SELECT set_config('statement_timeout', %(milliseconds)s, true);

-- name: index_collection_vectors
SELECT concord.index_collection_vectors(%(collection_id)s, %(space_id)s);

-- name: drop_collection_index
SELECT concord.drop_collection_index(%(collection_id)s);

-- name: prepare_build
-- For one session of the owner: its build may take its time, and this much memory.
SELECT set_config('statement_timeout', '0', false), set_config('maintenance_work_mem', %(memory)s, false),
       set_config('max_parallel_maintenance_workers', %(workers)s, false);

-- name: define_index
SELECT concord.vector_index_definition(%(collection_id)s, %(space_id)s) AS definition;

-- name: drop_unfinished
-- What an interrupted build has left costs writers time and answers nothing.
DROP INDEX CONCURRENTLY IF EXISTS concord_embedding./*index*/unfinished/*end*/;

-- name: build_unfinished
-- Under a name that no search looks for, as an index exists, unusable, before it is built.
CREATE INDEX CONCURRENTLY /*index*/unfinished/*end*/ ON /*definition*/concord_embedding.space_0 (space_id)/*end*/;

-- name: finish_index
ALTER INDEX concord_embedding./*index*/unfinished/*end*/ RENAME TO /*finished*/finished/*end*/;

-- name: read_progress
-- Vectors that an index being built has.
SELECT p.tuples_done AS done
FROM pg_stat_progress_create_index p
WHERE p.datname = current_database()
    AND p.index_relid = to_regclass(%(index)s);

-- name: measure_index
SELECT pg_relation_size(to_regclass(%(index)s)) AS bytes;
