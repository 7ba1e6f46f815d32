-- name: insert_import
INSERT INTO concord.import
    (collection_id, id, format, name, object_key, policy, dry_run, id_field, bytes_total)
VALUES (%(collection_id)s, %(id)s, %(format)s, %(name)s, %(object_key)s, %(policy)s, %(dry_run)s, %(id_field)s,
        %(bytes_total)s)
RETURNING *;

-- name: find_import
SELECT * FROM concord.import WHERE collection_id = %(collection_id)s AND id = %(id)s;

-- name: list_imports
-- The newest first: an import's id sorts after those made before it.
SELECT * FROM concord.import
WHERE collection_id = %(collection_id)s AND (%(before)s::text = '' OR id < %(before)s::text COLLATE "C")
ORDER BY id DESC
LIMIT %(limit)s;

-- name: list_errors
SELECT e.line, e.document_id, e.code, e.message FROM concord.import_error e
WHERE e.collection_id = %(collection_id)s AND e.import_id = %(id)s AND e.run = %(run)s AND e.line > %(after)s
ORDER BY e.line
LIMIT %(limit)s;

-- name: claim_import
-- For whoever comes first, be it for one that nobody has or one whose holder's time is over.
UPDATE concord.import
SET state = 'running', holder = %(holder)s, updated_at = now(),
    lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)
WHERE collection_id = %(collection_id)s AND id = %(id)s
    AND (state = 'waiting' OR (state = 'running' AND lease_until < clock_timestamp()))
RETURNING *;

-- name: checkpoint_import
-- No row comes back when the import was cancelled, or when somebody else holds it now.
UPDATE concord.import
SET created = %(created)s, updated = %(updated)s, unchanged = %(unchanged)s, failed = %(failed)s,
    lines = %(lines)s, bytes_read = %(bytes_read)s, bytes_total = %(bytes_total)s, columns = %(columns)s,
    updated_at = now(), lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)
WHERE collection_id = %(collection_id)s AND id = %(id)s AND holder = %(holder)s AND state = 'running'
RETURNING collection_id AS id;

-- name: note_errors
INSERT INTO concord.import_error (collection_id, import_id, run, line, document_id, code, message)
SELECT %(collection_id)s, %(id)s, %(run)s, e.*
FROM unnest(%(lines)s::int[], %(document_ids)s::text[], %(codes)s::text[], %(messages)s::text[]) e;

-- name: release_import
UPDATE concord.import SET holder = NULL, lease_until = clock_timestamp(), updated_at = now()
WHERE collection_id = %(collection_id)s AND id = %(id)s AND holder = %(holder)s AND state = 'running';

-- name: end_import
UPDATE concord.import
SET state = %(state)s, holder = NULL, lease_until = NULL, error_code = %(error_code)s, error = %(error)s,
    updated_at = now(), finished_at = now()
WHERE collection_id = %(collection_id)s AND id = %(id)s AND holder = %(holder)s AND state = 'running'
RETURNING collection_id AS id;

-- name: forget_earlier_errors
DELETE FROM concord.import_error e
WHERE e.collection_id = %(collection_id)s AND e.import_id = %(id)s AND e.run < %(run)s;

-- name: failed_lines
SELECT e.line FROM concord.import_error e
WHERE e.collection_id = %(collection_id)s AND e.import_id = %(id)s AND e.run = %(run)s;

-- name: cancel_import
UPDATE concord.import
SET state = 'cancelled', holder = NULL, lease_until = NULL, updated_at = now(), finished_at = now()
WHERE collection_id = %(collection_id)s AND id = %(id)s AND state IN ('waiting', 'running')
RETURNING *;

-- name: restart_import
-- Those that failed alone where all of them are known; everything where more failed than were kept.
UPDATE concord.import i
SET state = 'waiting', run = run + 1, policy = coalesce(%(policy)s::text, policy), lines = 0, bytes_read = 0,
    only_failed = state = 'done' AND failed <= %(most_errors)s, failed = 0,
    created = CASE WHEN state = 'done' AND failed <= %(most_errors)s THEN created ELSE 0 END,
    updated = CASE WHEN state = 'done' AND failed <= %(most_errors)s THEN updated ELSE 0 END,
    unchanged = CASE WHEN state = 'done' AND failed <= %(most_errors)s THEN unchanged ELSE 0 END,
    error_code = NULL, error = NULL, updated_at = now(), finished_at = NULL
WHERE collection_id = %(collection_id)s AND id = %(id)s AND state IN ('done', 'failed', 'cancelled')
RETURNING *;

-- name: find_due_imports
-- What a killed worker has left behind comes before what no event has told of: much may wait whose bytes never come.
SELECT i.collection_id, i.id FROM concord.import i
JOIN concord.collection c ON c.id = i.collection_id AND c.deleted_at IS NULL
WHERE (i.state = 'running' AND i.lease_until < clock_timestamp())
    OR (i.state = 'waiting' AND i.updated_at BETWEEN now() - interval '1 day' AND now() - interval '15 seconds')
ORDER BY i.state = 'running' DESC, i.updated_at DESC
LIMIT %(limit)s;

-- name: record_original
INSERT INTO concord.document_original
    (collection_id, document_number, object_key, file_name, content_type, size, sha256)
SELECT d.collection_id, d.number, %(object_key)s, %(file_name)s, %(content_type)s, %(size)s, %(sha256)s
FROM concord.document d WHERE d.collection_id = %(collection_id)s AND d.id = %(document_id)s
ON CONFLICT (collection_id, document_number) DO UPDATE
SET object_key = excluded.object_key, file_name = excluded.file_name, content_type = excluded.content_type,
    size = excluded.size, sha256 = excluded.sha256;

-- name: list_discarded
-- Those of earlier releases may be another document's too, whose file was the same.
SELECT g.object_key, EXISTS (SELECT FROM concord.document_original o WHERE o.object_key = g.object_key) AS is_used
FROM concord.discarded_original g ORDER BY g.discarded_at LIMIT %(limit)s;

-- name: forget_discarded
DELETE FROM concord.discarded_original WHERE object_key = ANY(%(object_keys)s::text[]);

-- name: find_original
SELECT o.* FROM concord.document d
LEFT JOIN concord.document_original o ON o.collection_id = d.collection_id AND o.document_number = d.number
WHERE d.collection_id = %(collection_id)s AND d.id = %(document_id)s;
