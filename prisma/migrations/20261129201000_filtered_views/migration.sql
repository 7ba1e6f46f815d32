-- Callers whose tokens have a filter see of a collection what passes it. infra/decisions/0036-search-tokens.md tells how.

-- By hand.

-- A further claim, `concord.shown`: nothing, where no filter narrows what is seen; else a bit for the number of each
-- document of the one collection that is entered then, which is 1 when it passes.

CREATE OR REPLACE FUNCTION "concord"."sees_all"()
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT coalesce(current_setting('concord.readers', true), '') = '*'
        AND coalesce(current_setting('concord.shown', true), '') = ''
$$;

-- NULL where all readers are read for: what is compared with it is then unknown, which policies take for true.
CREATE OR REPLACE FUNCTION "concord"."claimed_readers"()
RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN claim <> '*' THEN ARRAY(SELECT jsonb_array_elements_text(
        CASE WHEN claim = '' THEN '[]' ELSE claim END::jsonb)) END
    FROM (SELECT coalesce(current_setting('concord.readers', true), '') AS claim) c
$$;

-- NULL without a filter, as above.
CREATE FUNCTION "concord"."shown_numbers"()
RETURNS bit varying
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('concord.shown', true), '')::bit varying $$;

-- As in 20261129170000_tenancy, with the further claim.

ALTER POLICY "claimed" ON "concord"."document"
USING (
    ((SELECT concord.enters_all()) OR collection_id = ANY((SELECT concord.entered_collections())::int[]))
    AND ((SELECT concord.sees_all()) OR (
        coalesce(readers && (SELECT concord.claimed_readers())::text[], true)
        AND coalesce(substring((SELECT concord.shown_numbers()) FROM number FOR 1) = B'1', true)))
)
WITH CHECK (
    ((SELECT concord.enters_all()) OR collection_id = ANY((SELECT concord.entered_collections())::int[]))
    AND ((SELECT concord.sees_all()) OR (
        coalesce(readers && (SELECT concord.claimed_readers())::text[], true)
        AND coalesce(substring((SELECT concord.shown_numbers()) FROM number FOR 1) = B'1', true)))
);

DROP FUNCTION "concord"."documents_having"(integer, jsonpath);
CREATE FUNCTION "concord"."documents_having"("collection" integer, "path" jsonpath)
RETURNS SETOF integer
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Planned for this path: what it finds decides about the index.
    RETURN QUERY EXECUTE
        'SELECT d.number FROM concord.document d
         WHERE d.collection_id = $1 AND d.metadata @? $2 AND (SELECT concord.may_enter($1))
             AND ((SELECT concord.sees_all()) OR (
                 coalesce(d.readers && (SELECT concord.claimed_readers())::text[], true)
                 AND coalesce(substring((SELECT concord.shown_numbers()) FROM d.number FOR 1) = B''1'', true)))'
    USING collection, path;
END
$$;

DROP VIEW "concord"."readable_term";
DROP VIEW "concord"."readable_block";

CREATE VIEW "concord"."readable_block" WITH (security_barrier) AS
SELECT b.collection_id, b.term_id, b.block, p.posting_count, p.index_numbers, p.frequencies, p.lengths, b.best_impact,
       p.title_frequencies
FROM concord.keyword_block b
CROSS JOIN LATERAL (
    SELECT count(*)::smallint AS posting_count, array_agg(u.index_number ORDER BY u.place) AS index_numbers,
           array_agg(u.frequency ORDER BY u.place) AS frequencies, array_agg(u.length ORDER BY u.place) AS lengths,
           CASE WHEN b.title_frequencies IS NOT NULL THEN array_agg(u.title_frequency ORDER BY u.place) END
               AS title_frequencies
    FROM unnest(b.index_numbers, b.frequencies, b.lengths, b.title_frequencies) WITH ORDINALITY
        AS u (index_number, frequency, length, title_frequency, place)
    JOIN concord.document d ON d.collection_id = b.collection_id AND d.index_number = u.index_number
    WHERE (SELECT concord.sees_all()) OR (
        coalesce(d.readers && (SELECT concord.claimed_readers())::text[], true)
        AND coalesce(substring((SELECT concord.shown_numbers()) FROM d.number FOR 1) = B'1', true))
) p
WHERE b.posting_count > 0 AND p.posting_count > 0
    AND ((SELECT concord.enters_all()) OR b.collection_id = ANY((SELECT concord.entered_collections())::int[]));

CREATE VIEW "concord"."readable_term" WITH (security_barrier) AS
SELECT k.collection_id, k.term, k.id
FROM concord.keyword_term k
-- Term by term: whoever asks for one does not want the postings of all.
CROSS JOIN LATERAL (
    SELECT FROM concord.readable_block b WHERE b.collection_id = k.collection_id AND b.term_id = k.id LIMIT 1
) r
WHERE (SELECT concord.enters_all()) OR k.collection_id = ANY((SELECT concord.entered_collections())::int[]);

INSERT INTO "concord"."role_grant" ("role", "privileges", "object")
SELECT role, 'EXECUTE', 'FUNCTION concord.shown_numbers'
FROM unnest(ARRAY['concord_search', 'concord_ingest', 'concord_maintenance', 'concord_index']) AS role;
SELECT concord.set_up_roles();
