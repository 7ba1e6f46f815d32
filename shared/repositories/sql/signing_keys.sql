-- name: list_signing_keys
SELECT kid, algorithm, jwk FROM concord.signing_key
WHERE issuer = %(issuer)s AND (vanished_at IS NULL OR vanished_at > now() - %(grace_seconds)s * interval '1 second');

-- name: store_signing_keys
-- A set that comes later than one that was fetched after it tells nothing.
INSERT INTO concord.signing_key (issuer, kid, algorithm, jwk, fetched_at)
SELECT %(issuer)s::text, kid, algorithm, jwk::jsonb, %(fetched_at)s::timestamptz
FROM unnest(%(kids)s::text[], %(algorithms)s::text[], %(jwks)s::text[]) AS published (kid, algorithm, jwk)
WHERE NOT EXISTS (
    SELECT FROM concord.signing_key WHERE issuer = %(issuer)s::text AND fetched_at > %(fetched_at)s::timestamptz
)
ON CONFLICT (issuer, kid) DO UPDATE
SET algorithm = excluded.algorithm, jwk = excluded.jwk, fetched_at = excluded.fetched_at, vanished_at = NULL;

-- name: retire_signing_keys
-- Those that the newest set no longer has, from the time at which it was fetched.
UPDATE concord.signing_key k SET vanished_at = newest.fetched_at
FROM (SELECT max(fetched_at) AS fetched_at FROM concord.signing_key WHERE issuer = %(issuer)s) newest
WHERE k.issuer = %(issuer)s AND k.vanished_at IS NULL AND k.fetched_at < newest.fetched_at;

-- name: forget_signing_keys
DELETE FROM concord.signing_key WHERE vanished_at <= now() - %(grace_seconds)s * interval '1 second';
