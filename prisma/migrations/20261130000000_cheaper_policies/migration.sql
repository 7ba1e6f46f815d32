-- The same rules of who sees what as in 20261129201000_filtered_views, at a third of what they took to plan and without
-- a list of all documents for each search. infra/decisions/0037-tenancy.md has the figures.

-- By hand.

-- What a claim says, told by functions that the planner takes as they are: it parses those in SQL anew for each table of
-- each statement.

CREATE OR REPLACE FUNCTION "concord"."enters_all"()
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN coalesce(current_setting('concord.collections', true), '') = '*';
END
$$;

CREATE OR REPLACE FUNCTION "concord"."sees_all"()
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN coalesce(current_setting('concord.readers', true), '') = '*'
        AND coalesce(current_setting('concord.shown', true), '') = '';
END
$$;

-- NULL where all readers are read for: what is compared with it is then unknown, which policies take for true.
CREATE OR REPLACE FUNCTION "concord"."claimed_readers"()
RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
DECLARE
    claim CONSTANT text := coalesce(current_setting('concord.readers', true), '');
BEGIN
    RETURN CASE WHEN claim <> '*'
        THEN ARRAY(SELECT jsonb_array_elements_text(CASE WHEN claim = '' THEN '[]' ELSE claim END::jsonb)) END;
END
$$;

-- NULL without a filter, as above.
CREATE OR REPLACE FUNCTION "concord"."shown_numbers"()
RETURNS bit varying
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN nullif(current_setting('concord.shown', true), '')::bit varying;
END
$$;

-- NULL where all collections are entered, as above.
CREATE FUNCTION "concord"."claimed_collections"()
RETURNS integer[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN CASE WHEN NOT concord.enters_all() THEN concord.entered_collections() END;
END
$$;

-- Those of which everything is seen: none for who may not read all, NULL as above.
CREATE FUNCTION "concord"."wholly_claimed_collections"()
RETURNS integer[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN CASE WHEN NOT concord.sees_all() THEN '{}' ELSE concord.claimed_collections() END;
END
$$;

INSERT INTO "concord"."role_grant" ("role", "privileges", "object")
SELECT role, 'EXECUTE', 'FUNCTION concord.' || name
FROM unnest(ARRAY['concord_search', 'concord_ingest', 'concord_maintenance', 'concord_index']) AS role
CROSS JOIN unnest(ARRAY['claimed_collections', 'wholly_claimed_collections']) AS name;

DO $$
DECLARE
    entered CONSTANT text := 'coalesce(collection_id = ANY((SELECT concord.claimed_collections())::int[]), true)';
    readable CONSTANT text := entered || $condition$
        AND coalesce(readers && (SELECT concord.claimed_readers())::text[], true)
        AND coalesce(substring((SELECT concord.shown_numbers()) FROM number FOR 1) = B'1', true)$condition$;
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['collection_settings', 'embedding_change'] LOOP
        EXECUTE format('ALTER POLICY claimed ON concord.%I USING (%s)', named, entered);
    END LOOP;
    EXECUTE format('ALTER POLICY claimed ON concord.document USING (%1$s) WITH CHECK (%1$s)', readable);
    -- OFFSET 0: looked up for each row, as a search has few; else all documents would be listed first.
    FOREACH named IN ARRAY ARRAY['chunk', 'embedding', 'embedding_job', 'document_original'] LOOP
        EXECUTE format('ALTER POLICY claimed ON concord.%1$I USING (%2$s AND ((SELECT concord.sees_all()) OR EXISTS (
                SELECT FROM concord.document d
                WHERE d.collection_id = %1$I.collection_id AND d.number = %1$I.document_number OFFSET 0)))',
            named, entered);
    END LOOP;
    FOREACH named IN ARRAY ARRAY[
        'metadata_field', 'deletion', 'embedding_backfill', 'keyword_term', 'keyword_word', 'keyword_block',
        'keyword_retired', 'keyword_statistic', 'import', 'import_error', 'source', 'source_item', 'source_run', 'export'
    ] LOOP
        EXECUTE format('ALTER POLICY claimed ON concord.%I
            USING (coalesce(collection_id = ANY((SELECT concord.wholly_claimed_collections())::int[]), true))', named);
    END LOOP;
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
    WHERE coalesce(d.readers && (SELECT concord.claimed_readers())::text[], true)
        AND coalesce(substring((SELECT concord.shown_numbers()) FROM d.number FOR 1) = B'1', true)
) p
WHERE b.posting_count > 0 AND p.posting_count > 0
    AND coalesce(b.collection_id = ANY((SELECT concord.claimed_collections())::int[]), true);

-- Words that a readable document has: the first posting of one is enough.
CREATE VIEW "concord"."readable_term" WITH (security_barrier) AS
SELECT k.collection_id, k.term, k.id
FROM concord.keyword_term k
WHERE coalesce(k.collection_id = ANY((SELECT concord.claimed_collections())::int[]), true)
    AND EXISTS (
        SELECT FROM concord.keyword_block b
        CROSS JOIN LATERAL unnest(b.index_numbers) AS u (index_number)
        JOIN concord.document d ON d.collection_id = b.collection_id AND d.index_number = u.index_number
        WHERE b.collection_id = k.collection_id AND b.term_id = k.id AND b.posting_count > 0
            AND coalesce(d.readers && (SELECT concord.claimed_readers())::text[], true)
            AND coalesce(substring((SELECT concord.shown_numbers()) FROM d.number FOR 1) = B'1', true)
        -- Term by term: whoever asks for one does not want the postings of all.
        OFFSET 0
    );

SELECT concord.set_up_roles();
