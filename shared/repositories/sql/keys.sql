-- name: find_key
SELECT id, hash, sealed_token_key, actions, collections, readers, limits, expires_at, revoked_at
FROM concord.api_key WHERE id = %(id)s;

-- name: insert_key
INSERT INTO concord.api_key (
    id, hash, sealed_token_key, description, actions, collections, readers, limits, created_by, expires_at)
VALUES (
    %(id)s, %(hash)s, %(sealed_token_key)s, %(description)s, %(actions)s::text[], %(collections)s::text[],
    %(readers)s::text[], %(limits)s::jsonb, %(created_by)s,
    -- NULL is never, which LEAST passes over.
    least(%(expires_at)s::timestamptz,
          (SELECT m.expires_at FROM concord.api_key m WHERE 'key:' || m.id = %(created_by)s)))
RETURNING id, description, actions, collections, readers, limits, created_at, created_by, expires_at, revoked_at,
    replaced_by, last_used_at;

-- name: fragment_within_reach
-- A key that may no more than whoever asks for it.
actions <@ %(reach_actions)s::text[]
AND (%(reach_readers)s::text[] IS NULL OR readers <@ %(reach_readers)s::text[])
AND NOT EXISTS (
    SELECT FROM unnest(k.collections) AS c (pattern)
    WHERE NOT EXISTS (
        SELECT FROM unnest(%(reach_collections)s::text[]) AS r (pattern)
        WHERE CASE WHEN right(r.pattern, 1) = '*' THEN starts_with(c.pattern, left(r.pattern, -1))
                   ELSE c.pattern = r.pattern END));

-- name: list_keys
SELECT id, description, actions, collections, readers, limits, created_at, created_by, expires_at, revoked_at,
    replaced_by, last_used_at
FROM concord.api_key k
WHERE id > %(after)s COLLATE "C"
    AND /*within_reach*/ false /*end*/
ORDER BY id
LIMIT %(limit)s;

-- name: hold_key
SELECT id, description, actions, collections, readers, limits, created_at, created_by, expires_at, revoked_at,
    replaced_by, last_used_at
FROM concord.api_key k
WHERE id = %(id)s
    AND /*within_reach*/ false /*end*/
FOR UPDATE;

-- name: replace_key
UPDATE concord.api_key SET
    expires_at = least(expires_at, now() + make_interval(secs => %(overlap_seconds)s)),
    replaced_by = %(replaced_by)s
WHERE id = %(id)s;

-- name: revoke_key
UPDATE concord.api_key SET revoked_at = coalesce(revoked_at, now()) WHERE id = %(id)s;

-- name: note_use
-- Two reports that name the same keys lock their rows in one order.
WITH used AS (
    SELECT id FROM concord.api_key
    WHERE id = ANY(%(ids)s::text[]) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    ORDER BY id
    FOR UPDATE
)
UPDATE concord.api_key k SET last_used_at = now() FROM used WHERE k.id = used.id;
