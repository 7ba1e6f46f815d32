-- name: find_versions
SELECT current_setting('server_version') AS server,
       (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS pgvector;

-- name: list_invalid_indexes
-- Indexes that an interrupted build has left behind: they cost writes and answer nothing.
SELECT n.nspname || '.' || c.relname AS name
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('concord', 'concord_embedding') AND NOT (i.indisvalid AND i.indisready)
ORDER BY name;

-- name: find_login
-- Who signed in, as whom statements run, and whether policies bind that role.
SELECT session_user::text AS user_name, current_user::text AS role, NOT (rolsuper OR rolbypassrls) AS is_bound
FROM pg_roles WHERE rolname = current_user;

-- name: count_work
-- What workers and maintenance have left to do, over all collections.
SELECT (SELECT count(*) FROM concord.embedding_job WHERE state = 'pending')::int AS pending,
       (SELECT count(*) FROM concord.embedding_job WHERE state = 'failed')::int AS failed,
       (SELECT count(*) FROM concord.keyword_block WHERE block < 0)::int AS uncompacted,
       (SELECT count(*) FROM concord.collection WHERE deleted_at IS NOT NULL)::int AS unpurged;
