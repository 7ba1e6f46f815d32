-- name: insert_source
INSERT INTO concord.source (collection_id, id, kind, url, schedule_seconds, settings)
VALUES (%(collection_id)s, %(id)s, %(kind)s, %(url)s, %(schedule_seconds)s, %(settings)s::jsonb)
ON CONFLICT DO NOTHING
RETURNING *;

-- name: find_source
SELECT * FROM concord.source WHERE collection_id = %(collection_id)s AND id = %(id)s;

-- name: lock_source
SELECT * FROM concord.source WHERE collection_id = %(collection_id)s AND id = %(id)s FOR UPDATE;

-- name: list_sources
SELECT * FROM concord.source
WHERE collection_id = %(collection_id)s AND id > %(after)s COLLATE "C"
ORDER BY id
LIMIT %(limit)s;

-- name: update_source
UPDATE concord.source
SET schedule_seconds = %(schedule_seconds)s, settings = %(settings)s::jsonb, state = %(state)s,
    next_due_at = %(next_due_at)s, deletions = %(deletions)s, approved_deletions = %(approved_deletions)s,
    etag = %(etag)s, last_modified = %(last_modified)s, content_hash = %(content_hash)s, updated_at = now()
WHERE collection_id = %(collection_id)s AND id = %(id)s
RETURNING *;

-- name: stop_source
UPDATE concord.source SET state = 'paused', claimed_until = NULL, next_due_at = NULL
WHERE collection_id = %(collection_id)s AND id = %(id)s
RETURNING *;

-- name: delete_source
DELETE FROM concord.source WHERE collection_id = %(collection_id)s AND id = %(id)s;

-- name: claim_due
-- One whose time has come, or one that somebody asks for by its id.
WITH due AS (
    SELECT s.collection_id, s.id FROM concord.source s
    JOIN concord.collection c ON c.id = s.collection_id AND c.deleted_at IS NULL
    WHERE s.claimed_until IS NULL AND s.state IN ('active', 'failing') AND s.next_due_at <= now()
        AND (%(id)s::text IS NULL OR (s.collection_id, s.id) = (%(collection_id)s::int, %(id)s::text))
    ORDER BY s.next_due_at
    LIMIT %(limit)s
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE concord.source s
SET claimed_until = now() + %(lease_seconds)s * interval '1 second', run = s.run + 1, batch = 1, lost = 0
FROM due
WHERE s.collection_id = due.collection_id AND s.id = due.id
RETURNING s.*;

-- name: claim_lost
-- Runs of which nothing has come back.
WITH lost AS (
    SELECT s.collection_id, s.id FROM concord.source s
    JOIN concord.collection c ON c.id = s.collection_id AND c.deleted_at IS NULL
    WHERE s.claimed_until < now()
    ORDER BY s.claimed_until
    LIMIT %(limit)s
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE concord.source s
SET claimed_until = now() + %(lease_seconds)s * interval '1 second', batch = s.batch + 1, lost = s.lost + 1
FROM lost
WHERE s.collection_id = lost.collection_id AND s.id = lost.id
RETURNING s.*;

-- name: start_run
WITH forgotten AS (
    DELETE FROM concord.source_run
    WHERE collection_id = %(collection_id)s AND source_id = %(id)s AND number <= %(run)s::int - %(kept)s::int
)
INSERT INTO concord.source_run (collection_id, source_id, number)
VALUES (%(collection_id)s, %(id)s, %(run)s)
ON CONFLICT DO NOTHING;

-- name: store_listed
INSERT INTO concord.source_item
    (collection_id, source_id, key, url, document_id, title, metadata, etag, seen_run, pending_run)
SELECT %(collection_id)s, %(id)s, n.key, n.url, n.document_id, n.title, n.metadata::jsonb, n.version,
       %(run)s, %(run)s
FROM unnest(
    %(keys)s::text[], %(urls)s::text[], %(document_ids)s::text[], %(titles)s::text[], %(metadata)s::text[],
    %(versions)s::text[]
) AS n (key, url, document_id, title, metadata, version)
ON CONFLICT (collection_id, source_id, key) DO UPDATE
SET url = excluded.url, title = excluded.title, metadata = excluded.metadata, seen_run = excluded.seen_run,
    pending_run = CASE
        WHEN source_item.next_try_at > now() THEN NULL
        WHEN source_item.content_hash IS NOT NULL AND source_item.etag = excluded.etag THEN NULL
        ELSE excluded.pending_run
    END;

-- name: keep_listed
-- The listing is the one that is known: it has what it had.
UPDATE concord.source_item
SET seen_run = %(run)s,
    pending_run = CASE WHEN %(ask)s AND coalesce(next_try_at <= now(), true) THEN %(run)s::int END
WHERE collection_id = %(collection_id)s AND source_id = %(id)s AND seen_run = %(listed_run)s;

-- name: mark_listed
WITH counted AS (
    UPDATE concord.source_run r
    SET listed = (
        SELECT count(*) FROM concord.source_item i
        WHERE i.collection_id = %(collection_id)s AND i.source_id = %(id)s AND i.seen_run = %(run)s
    )
    WHERE r.collection_id = %(collection_id)s AND r.source_id = %(id)s AND r.number = %(run)s
)
UPDATE concord.source
SET listed_run = %(run)s, listing_is_whole = %(whole)s, etag = %(etag)s, last_modified = %(last_modified)s,
    content_hash = %(content_hash)s
WHERE collection_id = %(collection_id)s AND id = %(id)s AND run = %(run)s;

-- name: next_items
SELECT * FROM concord.source_item
WHERE collection_id = %(collection_id)s AND source_id = %(id)s AND pending_run = %(run)s
ORDER BY key
LIMIT %(limit)s;

-- name: find_items
SELECT i.* FROM unnest(%(keys)s::text[]) AS wanted (key)
CROSS JOIN LATERAL (
    SELECT * FROM concord.source_item
    WHERE collection_id = %(collection_id)s AND source_id = %(id)s AND key = wanted.key
    OFFSET 0
) i
WHERE i.pending_run = %(run)s;

-- name: finish_items
UPDATE concord.source_item i
SET pending_run = NULL, checked_at = now(), etag = o.etag, last_modified = o.last_modified,
    content_hash = o.content_hash, failures = o.failures, error = o.error,
    next_try_at = now() + o.pause_seconds * interval '1 second',
    changed_at = CASE WHEN o.content_hash IS DISTINCT FROM i.content_hash THEN now() ELSE i.changed_at END
FROM unnest(
    %(keys)s::text[], %(etags)s::text[], %(last_modifieds)s::text[], %(content_hashes)s::text[],
    %(failures)s::int[], %(errors)s::text[], %(pauses)s::float8[]
) AS o (key, etag, last_modified, content_hash, failures, error, pause_seconds)
WHERE i.collection_id = %(collection_id)s AND i.source_id = %(id)s AND i.key = o.key
    AND i.pending_run = %(run)s
RETURNING i.key;

-- name: list_seen
SELECT * FROM concord.source_item
WHERE collection_id = %(collection_id)s AND source_id = %(id)s AND key > %(after)s COLLATE "C" AND seen_run = %(run)s
    AND content_hash IS NOT NULL
ORDER BY key
LIMIT %(limit)s;

-- name: forget_versions
UPDATE concord.source_item SET etag = NULL, last_modified = NULL, content_hash = NULL
WHERE collection_id = %(collection_id)s AND source_id = %(id)s AND key = ANY(%(keys)s::text[]);

-- name: add_counts
UPDATE concord.source_run
SET fetched = fetched + %(fetched)s, not_modified = not_modified + %(not_modified)s,
    changed = changed + %(changed)s, failed = failed + %(failed)s, deleted = deleted + %(deleted)s
WHERE collection_id = %(collection_id)s AND source_id = %(id)s AND number = %(run)s;

-- name: next_batch
UPDATE concord.source
SET batch = batch + 1, lost = 0, claimed_until = now() + %(lease_seconds)s * interval '1 second'
WHERE collection_id = %(collection_id)s AND id = %(id)s AND run = %(run)s AND batch = %(batch)s
    AND claimed_until IS NOT NULL
RETURNING *;

-- name: count_gone
-- Of a source's documents, and those among them that its last listing does not have.
SELECT count(*)::int AS documents, (count(*) FILTER (WHERE seen_run < %(run)s))::int AS gone
FROM concord.source_item
WHERE collection_id = %(collection_id)s AND source_id = %(id)s;

-- name: find_gone
SELECT * FROM concord.source_item
WHERE collection_id = %(collection_id)s AND source_id = %(id)s AND seen_run < %(run)s
ORDER BY key
LIMIT %(limit)s;

-- name: delete_items
DELETE FROM concord.source_item
WHERE collection_id = %(collection_id)s AND source_id = %(id)s AND key = ANY(%(keys)s::text[]);

-- name: finish_run
WITH finished AS (
    UPDATE concord.source_run SET finished_at = now(), error = %(error)s
    WHERE collection_id = %(collection_id)s AND source_id = %(id)s AND number = %(run)s
)
UPDATE concord.source
SET claimed_until = NULL, state = CASE WHEN state = 'paused' THEN state ELSE %(state)s END,
    failures = %(failures)s, error = %(error)s, deletions = %(deletions)s, approved_deletions = 0,
    next_due_at = now() + %(pause_seconds)s::float8 * interval '1 second'
WHERE collection_id = %(collection_id)s AND id = %(id)s AND run = %(run)s AND claimed_until IS NOT NULL;

-- name: list_runs
SELECT * FROM concord.source_run
WHERE collection_id = %(collection_id)s AND source_id = %(id)s
ORDER BY number DESC
LIMIT %(limit)s;

-- name: list_failing
SELECT * FROM concord.source_item
WHERE collection_id = %(collection_id)s AND source_id = %(id)s AND error IS NOT NULL
ORDER BY key
LIMIT %(limit)s;

-- name: count_items
SELECT count(*)::int AS items, (count(*) FILTER (WHERE error IS NOT NULL))::int AS failing,
       (count(*) FILTER (WHERE pending_run IS NOT NULL))::int AS pending
FROM concord.source_item
WHERE collection_id = %(collection_id)s AND source_id = %(id)s;
