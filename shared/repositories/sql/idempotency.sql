-- name: claim_request
-- The first of all with this key, or of those after the first was lost before it had written, or a day later.
INSERT INTO concord.idempotent_request AS r (principal, route, key, fingerprint, holder, lease_until)
VALUES (%(principal)s, %(route)s, %(key)s, %(fingerprint)s, %(holder)s,
        now() + make_interval(secs => %(lease_seconds)s))
ON CONFLICT (principal, route, key) DO UPDATE SET
    fingerprint = excluded.fingerprint, holder = excluded.holder, lease_until = excluded.lease_until,
    -- What is over is forgotten; what goes on has begun when it began.
    is_written = r.is_written AND r.created_at >= now() - make_interval(hours => %(kept_hours)s),
    objects = CASE WHEN r.created_at < now() - make_interval(hours => %(kept_hours)s) THEN '{}' ELSE r.objects END,
    status = NULL, headers = '{}', answer = NULL,
    created_at = CASE WHEN r.created_at < now() - make_interval(hours => %(kept_hours)s) THEN now() ELSE r.created_at END
WHERE r.created_at < now() - make_interval(hours => %(kept_hours)s)
    OR (r.status IS NULL AND r.lease_until <= now() AND r.fingerprint = excluded.fingerprint
        AND (%(repeatable)s OR NOT r.is_written));

-- name: find_request
SELECT r.fingerprint = %(fingerprint)s AS is_same, r.holder = %(holder)s AS is_held, r.is_written, r.objects, r.status,
       r.headers, r.answer, greatest(ceil(extract(epoch FROM r.lease_until - now())), 0)::int AS lease_seconds
FROM concord.idempotent_request r
WHERE r.principal = %(principal)s AND r.route = %(route)s AND r.key = %(key)s;

-- name: keep_answer
UPDATE concord.idempotent_request
SET status = %(status)s, headers = %(headers)s, answer = %(answer)s
WHERE principal = %(principal)s AND route = %(route)s AND key = %(key)s AND holder = %(holder)s;

-- name: give_up_request
-- What has written stays known as that; anything else is as if it had not been.
WITH undone AS (
    DELETE FROM concord.idempotent_request
    WHERE principal = %(principal)s AND route = %(route)s AND key = %(key)s AND holder = %(holder)s AND NOT is_written
)
UPDATE concord.idempotent_request SET lease_until = now()
WHERE principal = %(principal)s AND route = %(route)s AND key = %(key)s AND holder = %(holder)s AND is_written;

-- name: forget_requests
WITH forgotten AS (
    DELETE FROM concord.idempotent_request WHERE (principal, route, key) IN (
        SELECT principal, route, key FROM concord.idempotent_request
        WHERE created_at < now() - make_interval(hours => %(kept_hours)s) ORDER BY created_at LIMIT %(limit)s)
    RETURNING key
)
SELECT count(*)::int AS count FROM forgotten;
