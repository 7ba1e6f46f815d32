-- Deletions of more documents than one unit of work removes.

-- name: match_few
-- The numbers of some documents that a filter selects, by whatever index there is.
SELECT d.number FROM concord.document d
WHERE d.collection_id = %(collection_id)s AND /*filter*/ true /*end*/ AND /*shown*/ true /*end*/
LIMIT %(limit)s;

-- name: give_up_after
SELECT set_config('statement_timeout', %(milliseconds)s, true);

-- name: match_numbers
-- Those of these documents that a filter selects, still.
SELECT d.number FROM concord.document d
WHERE d.collection_id = %(collection_id)s AND d.number = ANY(%(numbers)s::int[])
    AND /*filter*/ true /*end*/ AND /*shown*/ true /*end*/;

-- name: count_matches
-- Among the documents of some numbers.
SELECT count(*)::int AS count FROM concord.document d
WHERE d.collection_id = %(collection_id)s AND d.number > %(after)s AND d.number <= %(until)s
    AND /*filter*/ true /*end*/ AND /*shown*/ true /*end*/;

-- name: count_deletions
SELECT count(*)::int AS count FROM concord.deletion WHERE collection_id = %(collection_id)s;

-- name: insert_deletion
INSERT INTO concord.deletion (collection_id, filter, deleted_at, documents)
VALUES (%(collection_id)s, %(filter)s, clock_timestamp(), %(documents)s);

-- name: match_ids
-- Those of these documents that a deletion selects.
SELECT d.number FROM concord.document d
WHERE d.collection_id = %(collection_id)s AND d.id = ANY(%(ids)s::text[])
    AND d.updated_at <= %(deleted_at)s AND /*filter*/ true /*end*/;

-- name: count_purged
UPDATE concord.deletion SET purged = purged + %(purged)s, reached_number = greatest(reached_number, %(reached)s)
WHERE collection_id = %(collection_id)s AND id = %(id)s;

-- name: list_deletions
SELECT x.* FROM concord.deletion x JOIN concord.collection c ON c.id = x.collection_id AND c.deleted_at IS NULL
ORDER BY x.deleted_at;

-- name: find_deleted
-- The next documents that a deletion selects, of up to 20 MB together.
SELECT number FROM (
    SELECT d.number, sum(octet_length(d.body)) OVER (ORDER BY d.number) - octet_length(d.body) AS bytes_before
    FROM concord.document d
    WHERE d.collection_id = %(collection_id)s AND d.number > %(after)s AND d.updated_at <= %(deleted_at)s
        AND /*filter*/ true /*end*/
    ORDER BY d.number
    LIMIT %(limit)s
) w
WHERE bytes_before <= 20000000;

-- name: match_deleted
SELECT d.number FROM concord.document d
WHERE d.collection_id = %(collection_id)s AND d.number = ANY(%(numbers)s::int[])
    AND d.updated_at <= %(deleted_at)s AND /*filter*/ true /*end*/;

-- name: end_deletion
DELETE FROM concord.deletion WHERE collection_id = %(collection_id)s AND id = %(id)s;
