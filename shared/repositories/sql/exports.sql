-- Exports: bundles that are built part by part.

-- name: insert_export
-- None while so many of the collection are unfinished; one that nobody has touched for a day is not.
INSERT INTO concord.export (collection_id, id, vectors, last_number, documents_total)
SELECT %(collection_id)s, %(id)s, %(vectors)s,
       (SELECT coalesce(max(number), 0) FROM concord.document WHERE collection_id = %(collection_id)s),
       greatest(
           (SELECT coalesce(sum(documents), 0) FROM concord.keyword_statistic WHERE collection_id = %(collection_id)s)
           - (SELECT coalesce(sum(greatest(documents - purged, 0)), 0) FROM concord.deletion
              WHERE collection_id = %(collection_id)s), 0)
WHERE %(most_unfinished)s > (
    SELECT count(*) FROM concord.export
    WHERE collection_id = %(collection_id)s AND finished_at IS NULL AND updated_at > now() - interval '1 day')
RETURNING *;

-- name: find_export
SELECT * FROM concord.export WHERE collection_id = %(collection_id)s AND id = %(id)s;

-- name: claim_export
-- For whoever comes first, be it for one that nobody has or one whose holder's time is over.
UPDATE concord.export x
SET state = 'running', holder = %(holder)s, attempts = attempts + 1, updated_at = now(),
    lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)
WHERE collection_id = %(collection_id)s AND id = %(id)s
    AND (state = 'waiting' OR (state = 'running' AND lease_until < clock_timestamp()))
    AND EXISTS (SELECT FROM concord.collection c WHERE c.id = x.collection_id AND c.deleted_at IS NULL)
RETURNING *;

-- name: checkpoint_export
-- After a part. No row comes back when somebody else holds the export now, or when its collection is deleted.
UPDATE concord.export x
SET documents = %(documents)s, vectors_written = %(vectors_written)s, checksum = %(checksum)s, reached = %(reached)s,
    bytes = bytes + %(bytes)s, upload_id = %(upload_id)s, parts = parts || %(etag)s::text, sealed = %(sealed)s,
    attempts = 0, updated_at = now(), lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)
WHERE collection_id = %(collection_id)s AND id = %(id)s AND holder = %(holder)s AND state = 'running'
    AND EXISTS (SELECT FROM concord.collection c WHERE c.id = x.collection_id AND c.deleted_at IS NULL)
RETURNING *;

-- name: release_export
UPDATE concord.export SET holder = NULL, lease_until = clock_timestamp(), updated_at = now()
WHERE collection_id = %(collection_id)s AND id = %(id)s AND holder = %(holder)s AND state = 'running';

-- name: complete_export
UPDATE concord.export
SET state = 'complete', holder = NULL, lease_until = NULL, documents = %(documents)s, bytes = %(bytes)s,
    updated_at = now(), finished_at = now()
WHERE collection_id = %(collection_id)s AND id = %(id)s AND holder = %(holder)s AND state = 'running';

-- name: fail_export
UPDATE concord.export
SET state = 'failed', holder = NULL, lease_until = NULL, error_code = %(error_code)s, error = %(error)s,
    updated_at = now(), finished_at = now()
WHERE collection_id = %(collection_id)s AND id = %(id)s AND holder = %(holder)s AND state = 'running'
RETURNING *;

-- name: find_due_exports
-- What a killed worker has left behind, and what no event has told of.
SELECT x.collection_id, x.id FROM concord.export x
JOIN concord.collection c ON c.id = x.collection_id AND c.deleted_at IS NULL
WHERE x.finished_at IS NULL AND (
    (x.state = 'running' AND x.lease_until < clock_timestamp())
    OR (x.state = 'waiting' AND x.updated_at < now() - interval '15 seconds'))
ORDER BY x.created_at
LIMIT %(limit)s;

-- name: find_stale_exports
-- Whose time is over, or whose collection is deleted. Nobody is at work on them.
SELECT x.collection_id, x.id, x.upload_id FROM concord.export x
LEFT JOIN concord.collection c ON c.id = x.collection_id AND c.deleted_at IS NULL
WHERE (c.id IS NULL OR x.created_at < %(before)s) AND coalesce(x.lease_until < clock_timestamp(), true)
ORDER BY x.created_at
LIMIT %(limit)s;

-- name: forget_export
DELETE FROM concord.export WHERE collection_id = %(collection_id)s AND id = %(id)s;
