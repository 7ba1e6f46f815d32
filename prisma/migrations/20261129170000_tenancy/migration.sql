-- Who may see what, enforced by the database. infra/decisions/0037-tenancy.md tells how.

-- AlterTable
ALTER TABLE "concord"."document" ADD COLUMN "readers" TEXT[];

-- By hand.

-- A document without readers is everybody's who may search its collection; with none in the list it is nobody's.
-- Prisma gives lists no NULL, but takes one for an empty list.

-- The claims of a transaction: `concord.collections` and `concord.readers` are `*` or an array of JSON. What is not
-- claimed is nothing.

CREATE FUNCTION "concord"."enters_all"()
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(current_setting('concord.collections', true), '') = '*' $$;

CREATE FUNCTION "concord"."sees_all"()
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT coalesce(current_setting('concord.readers', true), '') = '*' $$;

CREATE FUNCTION "concord"."claimed_readers"()
RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT ARRAY(SELECT jsonb_array_elements_text(
        CASE WHEN claim IN ('', '*') THEN '[]' ELSE claim END::jsonb))
    FROM (SELECT coalesce(current_setting('concord.readers', true), '') AS claim) c
$$;

-- Names of collections, or beginnings of names with a `*` after them.
CREATE FUNCTION "concord"."claimed_patterns"()
RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT jsonb_array_elements_text(CASE WHEN claim IN ('', '*') THEN '[]' ELSE claim END::jsonb)
    FROM (SELECT coalesce(current_setting('concord.collections', true), '') AS claim) c
$$;

CREATE FUNCTION "concord"."enters"("name" text)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT EXISTS (
        SELECT FROM jsonb_array_elements_text(CASE WHEN c.claim IN ('', '*') THEN '[]' ELSE c.claim END::jsonb) AS p (pattern)
        WHERE CASE WHEN right(p.pattern, 1) = '*' THEN starts_with("name", left(p.pattern, -1)) ELSE "name" = p.pattern END)
    FROM (SELECT coalesce(current_setting('concord.collections', true), '') AS claim) c
$$;

-- The functions below see every row, whoever calls them: where it may be made, a role of their own owns them, for which
-- there is no policy but that. Each looks at the claims by itself.

-- Collections that have an alias which may be used.
CREATE FUNCTION "concord"."aliased_collections"()
RETURNS integer[]
LANGUAGE sql STABLE PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT ARRAY(SELECT a.collection_id FROM concord.alias a WHERE concord.enters(a.name)) $$;

-- All that may be entered, by whatever name.
CREATE FUNCTION "concord"."entered_collections"()
RETURNS integer[]
LANGUAGE sql STABLE PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ARRAY(
        SELECT c.id FROM concord.claimed_patterns() AS p (pattern)
        JOIN concord.collection c ON c.name = p.pattern COLLATE "C"
        UNION
        SELECT c.id FROM concord.claimed_patterns() AS p (pattern)
        JOIN concord.collection c
            ON c.name >= left(p.pattern, -1) COLLATE "C" AND c.name < (left(p.pattern, -1) || U&'\+10FFFF') COLLATE "C"
        WHERE right(p.pattern, 1) = '*'
        UNION
        SELECT unnest(concord.aliased_collections()))
$$;

CREATE FUNCTION "concord"."may_enter"("collection" integer)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT concord.enters_all() OR "collection" = ANY(concord.entered_collections()) $$;

-- The numbers of documents that a path finds something in. Under row-level security alone no index of the metadata
-- would be read, as Postgres does not know that its operators tell nobody what they compare.
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
             AND ((SELECT concord.sees_all()) OR d.readers IS NULL
                  OR d.readers && (SELECT concord.claimed_readers())::text[])'
    USING collection, path;
END
$$;

-- The keyword index as far as the caller may read its documents, for those who may not read all.

-- Blocks with the postings of these documents alone: their counts are the terms' document frequencies among them.
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
    WHERE (SELECT concord.sees_all()) OR d.readers IS NULL OR d.readers && (SELECT concord.claimed_readers())::text[]
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

-- How much there is in a whole collection, in two digits: what others write is not to be counted by its scores.
CREATE VIEW "concord"."readable_statistic" WITH (security_barrier) AS
SELECT t.collection_id, round(t.documents, 1 - floor(log(greatest(t.documents, 1)))::int) AS documents,
       round(t.length, 1 - floor(log(greatest(t.length, 1)))::int) AS length
FROM (
    SELECT s.collection_id, sum(s.documents)::numeric AS documents, sum(s.length)::numeric AS length
    FROM concord.keyword_statistic s GROUP BY s.collection_id
) t
WHERE (SELECT concord.enters_all()) OR t.collection_id = ANY((SELECT concord.entered_collections())::int[]);

-- As in 20261125010000_vocabulary, 20261125096000_words_by_length and 20261129060000_standing_deletions, of what the
-- caller may read.
CREATE OR REPLACE FUNCTION "concord"."similar_words"("collection" integer, "typed" text)
RETURNS TABLE ("word" text, "term_id" integer, "edits" integer, "documents" bigint)
LANGUAGE plpgsql STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := length(typed);
    most integer := CASE WHEN size < 4 OR typed ~ '[0-9]' THEN 0 WHEN size < 8 THEN 1 ELSE 2 END;
    typed_letters integer := concord.letters_of(typed);
    salt bigint := collection::bigint * 16;
    wholes integer[] := '{}';
    starts integer[] := '{}';
    endings integer[] := '{}';
BEGIN
    IF most = 0 OR NOT concord.may_enter(collection) THEN
        RETURN;
    ELSIF most = 1 THEN
        wholes := concord.fragments_of_letters(salt, typed);
    ELSIF size < 10 THEN
        -- Words of at most seven letters, to which two mistakes have given others.
        wholes := ARRAY(
            SELECT concord.fragment(salt, left(o.letters, j - 1) || substr(o.letters, j + 1))
            FROM generate_series(1, size) AS i
            CROSS JOIN LATERAL (SELECT left(typed, i - 1) || substr(typed, i + 1) AS letters) o
            CROSS JOIN generate_series(i, size - 1) AS j);
    END IF;
    FOR ends IN greatest(concord.end_length(size - most), 3) .. concord.end_length(size + most) LOOP
        wholes := wholes || concord.fragment(salt + ends, left(typed, ends))
            || concord.fragment(salt + 8 + ends, right(typed, ends));
        starts := starts || concord.fragments_of_letters(salt + ends, left(typed, ends))
            || concord.fragments_of_letters(salt + ends, left(typed, ends + 1));
        endings := endings || concord.fragments_of_letters(salt + 8 + ends, right(typed, ends))
            || concord.fragments_of_letters(salt + 8 + ends, right(typed, ends + 1));
    END LOOP;
    RETURN QUERY
    WITH near AS MATERIALIZED (
        SELECT c.word, c.term_id AS id, concord.edits_between(typed, c.word, most) AS edits
        FROM (
            SELECT k.word, k.term_id FROM concord.keyword_word k
            WHERE (k.fragments && wholes OR k.fragments && starts AND k.fragments && endings)
                -- Not through the key: the fragments are the collection's already.
                AND k.collection_id + 0 = collection
                AND bit_count((k.letters & ~typed_letters)::bit(32)) <= most
                AND bit_count((typed_letters & ~k.letters)::bit(32)) <= most
            OFFSET 0
        ) c
    ), there AS MATERIALIZED (
        SELECT n.word, n.id, n.edits, d.documents
        FROM near n
        CROSS JOIN LATERAL (
            SELECT CASE WHEN (SELECT concord.sees_all()) THEN (
                   SELECT coalesce(sum(b.posting_count), 0) FROM concord.keyword_block b
                   WHERE b.collection_id = collection AND b.term_id = n.id
               ) ELSE (
                   SELECT coalesce(sum(b.posting_count), 0) FROM concord.readable_block b
                   WHERE b.collection_id = collection AND b.term_id = n.id
               ) END AS documents
        ) d
        WHERE n.edits BETWEEN 1 AND most AND d.documents > 0
    )
    SELECT t.word, t.id, t.edits, t.documents FROM there t
    WHERE t.edits = (SELECT min(m.edits) FROM there m)
    ORDER BY t.documents DESC, t.word LIMIT 10;
END
$$;

CREATE OR REPLACE FUNCTION "concord"."completing_words"("collection" integer, "typed" text, "most" integer)
RETURNS TABLE ("word" text, "term_id" integer, "documents" bigint)
LANGUAGE sql STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT w.word, w.term_id, d.documents
    FROM (
        SELECT (array_agg(s.word ORDER BY s.occurrences DESC, length(s.word), s.word))[1] AS word, s.term_id
        FROM (
            SELECT k.word, k.term_id, k.occurrences
            FROM generate_series(length("typed"), CASE WHEN concord.may_enter("collection") THEN 60 ELSE 0 END) AS size
            CROSS JOIN LATERAL (
                SELECT k.word, k.term_id, k.occurrences FROM concord.keyword_word k
                WHERE k.collection_id::bigint * 64 + length(k.word) = "collection"::bigint * 64 + size
                    AND k.word >= "typed" COLLATE "C" AND k.word < ("typed" || U&'\+10FFFF') COLLATE "C"
                ORDER BY k.word LIMIT 1000
            ) k
            LIMIT 1000
        ) s
        GROUP BY s.term_id
    ) w
    CROSS JOIN LATERAL (
        SELECT CASE WHEN (SELECT concord.sees_all()) THEN (
                   SELECT coalesce(sum(b.posting_count), 0) FROM concord.keyword_block b
                   WHERE b.collection_id = "collection" AND b.term_id = w.term_id
               ) ELSE (
                   SELECT coalesce(sum(b.posting_count), 0) FROM concord.readable_block b
                   WHERE b.collection_id = "collection" AND b.term_id = w.term_id
               ) END AS documents
    ) d
    WHERE d.documents > 0
    ORDER BY d.documents DESC, w.word LIMIT "most"
$$;

CREATE OR REPLACE FUNCTION "concord"."gone"("collection" integer)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT nullif(jsonb_strip_nulls(jsonb_build_object(
        'deletions', (
            SELECT jsonb_agg(jsonb_build_object('id', x.id, 'filter', x.filter,
                                                'deleted_at', x.deleted_at AT TIME ZONE 'UTC') ORDER BY x.id)
            FROM concord.deletion x WHERE x.collection_id = "collection"),
        'expired', CASE WHEN EXISTS (
            SELECT FROM concord.document d WHERE d.collection_id = "collection" AND d.expires_at <= now()) THEN true END
    )), '{}')
    WHERE concord.may_enter("collection")
$$;

-- As in 20261129060000_standing_deletions and 20261128060000_documents_from_sql, for everybody's documents: an app's own
-- SQL writes them, whose readers it does not touch.
CREATE OR REPLACE FUNCTION "concord"."upsert_document"(
    "collection" text, "id" text, "title" text, "body" text, "url" text DEFAULT NULL, "metadata" jsonb DEFAULT '{}'
)
RETURNS text
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    target concord.collection;
    stored concord.document;
    hash_of_text bytea;
    hash_of_content bytea;
    has_hashes boolean;
    text_is_stored boolean;
    new_number integer;
    written_number integer;
    -- When the document expires once it is written: what is written by SQL has no time of its own.
    expiry timestamptz;
    written_at timestamptz;
BEGIN
    -- Its owner is bound by the policies too, unless it is a superuser.
    PERFORM set_config('concord.collections', '*', true), set_config('concord.readers', '*', true);
    PERFORM concord.refuse_document(id, title, body, url, metadata);
    target := concord.lock_collection(collection);
    -- After the lock was taken, so that what was deleted before is told from what is written after.
    written_at := clock_timestamp();
    expiry := now() + make_interval(secs => target.ttl_seconds);
    -- The hashes of other templates have values of metadata in them as Python writes these: the worker makes them, and
    -- till then a document has none. What has changed is told by columns, and for the others also by their hash, which
    -- knows of another chunking.
    has_hashes := target.embedding_template = ARRAY['title', 'headings', 'text'];
    hash_of_text := CASE WHEN has_hashes THEN concord.text_hash(target.chunking, title, body) ELSE '' END;
    hash_of_content := CASE WHEN has_hashes
        THEN concord.content_hash(target.chunking, title, body, url, metadata) ELSE '' END;
    SELECT d.* INTO stored FROM concord.document d WHERE d.collection_id = target.id AND d.id = upsert_document.id;
    IF concord.may_be_gone(stored) THEN
        PERFORM concord.withdraw_text(target.id, stored.number);
        DELETE FROM concord.embedding_job j WHERE j.collection_id = target.id AND j.document_number = stored.number;
        DELETE FROM concord.document d WHERE d.collection_id = target.id AND d.number = stored.number;
        stored := NULL;
    END IF;
    text_is_stored := stored.number IS NOT NULL AND stored.title IS NOT DISTINCT FROM title AND stored.body = body
        AND stored.page_starts = '{}' AND CASE WHEN has_hashes THEN stored.text_hash = hash_of_text
            ELSE stored.metadata = metadata OR array_to_string(target.embedding_template, ' ') !~ 'metadata' END;
    IF text_is_stored AND stored.url IS NOT DISTINCT FROM url AND stored.metadata = metadata
        AND (stored.expires_at IS NULL OR stored.expires_by_ttl) THEN
        -- Writing a document again gives its failed embedding a new start, and moves its expiry on.
        UPDATE concord.embedding_job j
        SET state = 'pending', attempts = 0, claimed_until = NULL, error = NULL, created_at = now()
        WHERE j.collection_id = target.id AND j.document_number = stored.number AND j.state = 'failed';
        UPDATE concord.document d SET expires_at = expiry, expires_by_ttl = expiry IS NOT NULL
        WHERE d.collection_id = target.id AND d.number = stored.number AND d.expires_at IS DISTINCT FROM expiry;
        RETURN 'unchanged';
    END IF;

    INSERT INTO concord.metadata_field (collection_id, name)
    SELECT target.id, f.name FROM jsonb_object_keys(metadata) AS f (name)
    ON CONFLICT DO NOTHING;
    IF text_is_stored THEN
        UPDATE concord.document d
        SET url = upsert_document.url, metadata = upsert_document.metadata, content_hash = hash_of_content,
            updated_at = written_at, expires_at = expiry, expires_by_ttl = expiry IS NOT NULL
        WHERE d.collection_id = target.id AND d.number = stored.number;
        RETURN 'updated';
    END IF;

    IF stored.number IS NOT NULL THEN
        PERFORM concord.withdraw_text(target.id, stored.number);
    END IF;
    new_number := 1 + greatest(
        (SELECT max(d.index_number) FROM concord.document d WHERE d.collection_id = target.id),
        (SELECT max(r.index_number) FROM concord.keyword_retired r WHERE r.collection_id = target.id), 0);
    INSERT INTO concord.document
        (collection_id, id, number, index_number, title, body, url, metadata, content_hash, text_hash, expires_at,
         expires_by_ttl, created_at, updated_at)
    VALUES (
        target.id, upsert_document.id,
        coalesce(stored.number,
            1 + coalesce((SELECT max(d.number) FROM concord.document d WHERE d.collection_id = target.id), 0)),
        new_number, upsert_document.title, upsert_document.body, upsert_document.url, upsert_document.metadata,
        hash_of_content, hash_of_text, expiry, expiry IS NOT NULL, written_at, written_at)
    ON CONFLICT ON CONSTRAINT document_pkey DO UPDATE SET
        index_number = excluded.index_number, title = excluded.title, body = excluded.body, url = excluded.url,
        metadata = excluded.metadata, content_hash = excluded.content_hash, text_hash = excluded.text_hash,
        page_starts = excluded.page_starts, updated_at = excluded.updated_at, expires_at = excluded.expires_at,
        expires_by_ttl = excluded.expires_by_ttl
    RETURNING number INTO written_number;
    IF concord.index_interim_chunks(target.id, target.language, written_number, new_number, title, body) > 0 THEN
        INSERT INTO concord.embedding_job AS j (collection_id, document_number, index_number)
        VALUES (target.id, written_number, new_number)
        ON CONFLICT (collection_id, document_number) DO UPDATE SET
            index_number = excluded.index_number, state = 'pending', attempts = 0, claimed_until = NULL, error = NULL,
            created_at = now();
    ELSE
        DELETE FROM concord.embedding_job j WHERE j.collection_id = target.id AND j.document_number = written_number;
    END IF;
    RETURN CASE WHEN stored.number IS NULL THEN 'created' ELSE 'updated' END;
END
$$;

CREATE OR REPLACE FUNCTION "concord"."delete_document"("collection" text, "id" text)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    target concord.collection;
    gone integer;
BEGIN
    PERFORM set_config('concord.collections', '*', true), set_config('concord.readers', '*', true);
    target := concord.lock_collection(collection);
    SELECT d.number INTO gone FROM concord.document d
    WHERE d.collection_id = target.id AND d.id = delete_document.id;
    IF gone IS NULL THEN
        RETURN false;
    END IF;
    PERFORM concord.withdraw_text(target.id, gone);
    DELETE FROM concord.embedding_job j WHERE j.collection_id = target.id AND j.document_number = gone;
    DELETE FROM concord.document d WHERE d.collection_id = target.id AND d.number = gone;
    RETURN true;
END
$$;

-- Row-level security, forced on the owner too. A claim is looked at once for each statement, not for each row.
DO $$
DECLARE
    entered CONSTANT text :=
        '((SELECT concord.enters_all()) OR %I = ANY((SELECT concord.entered_collections())::int[]))';
    protected record;
BEGIN
    FOR protected IN VALUES
        ('collection', '(SELECT concord.enters_all()) OR concord.enters(name)
                        OR id = ANY((SELECT concord.aliased_collections())::int[])', NULL),
        ('alias', '(SELECT concord.enters_all()) OR concord.enters(name)',
                  '(SELECT concord.enters_all()) OR concord.enters(name)
                   AND collection_id = ANY((SELECT concord.entered_collections())::int[])'),
        ('collection_settings', format(entered, 'collection_id'), NULL),
        ('embedding_change', format(entered, 'collection_id'), NULL),
        ('document', format(entered, 'collection_id') || ' AND ((SELECT concord.sees_all()) OR readers IS NULL
             OR readers && (SELECT concord.claimed_readers())::text[])', NULL)
    LOOP
        EXECUTE format('CREATE POLICY claimed ON concord.%I USING (%s) WITH CHECK (%s)',
            protected.column1, protected.column2, coalesce(protected.column3, protected.column2));
    END LOOP;
    -- What is of one document.
    FOR protected IN SELECT unnest(ARRAY['chunk', 'embedding', 'embedding_job', 'document_original']) AS name LOOP
        EXECUTE format('CREATE POLICY claimed ON concord.%1$I USING (%2$s AND ((SELECT concord.sees_all()) OR EXISTS (
                SELECT FROM concord.document d
                WHERE d.collection_id = %1$I.collection_id AND d.number = %1$I.document_number)))',
            protected.name, format(entered, 'collection_id'));
    END LOOP;
    -- What is of many, or of those who write.
    FOR protected IN SELECT unnest(ARRAY[
        'metadata_field', 'deletion', 'embedding_backfill', 'keyword_term', 'keyword_word', 'keyword_block',
        'keyword_retired', 'keyword_statistic', 'import', 'import_error', 'source', 'source_item', 'source_run', 'export'
    ]) AS name LOOP
        EXECUTE format('CREATE POLICY claimed ON concord.%I USING (%s AND (SELECT concord.sees_all()))',
            protected.name, format(entered, 'collection_id'));
    END LOOP;
    -- A trigger notes in it what anybody deletes.
    CREATE POLICY claimed ON concord.discarded_original
        USING ((SELECT concord.enters_all()) AND (SELECT concord.sees_all())) WITH CHECK (true);
    FOR protected IN SELECT polrelid::regclass AS "table" FROM pg_policy WHERE polname = 'claimed' LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', protected."table");
    END LOOP;
    -- Partitions are read through their parent, which has the policies; by themselves they show nothing.
    FOR protected IN SELECT inhrelid::regclass AS "table" FROM pg_inherits WHERE inhparent = 'concord.embedding'::regclass LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', protected."table");
    END LOOP;
END
$$;

-- As in 20261124120000_roles, with a partition that shows nothing by itself.
CREATE OR REPLACE FUNCTION "concord"."open_embedding_space"("wanted_model" text, "wanted_dimensions" integer)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    space integer;
BEGIN
    SELECT id INTO space FROM concord.embedding_space
    WHERE model = wanted_model AND dimensions = wanted_dimensions;
    IF FOUND THEN
        RETURN space;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('concord.embedding_space'));
    SELECT id INTO space FROM concord.embedding_space
    WHERE model = wanted_model AND dimensions = wanted_dimensions;
    IF FOUND THEN
        RETURN space;
    END IF;
    INSERT INTO concord.embedding_space (model, dimensions)
    VALUES (wanted_model, wanted_dimensions) RETURNING id INTO space;
    EXECUTE format(
        'CREATE TABLE concord_embedding.space_%1$s PARTITION OF concord.embedding
             (CONSTRAINT space_%1$s_dimensions CHECK (%3$s.vector_dims(vector) = %2$s))
         FOR VALUES IN (%1$s)',
        space, wanted_dimensions,
        (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vector'));
    EXECUTE format('ALTER TABLE concord_embedding.space_%s ALTER COLUMN vector SET STORAGE PLAIN,
        ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', space);
    RETURN space;
END
$$;

-- What row-level security takes of roles, as often as one likes: `concord_index` owns the functions and views that see
-- every row, and `concord_app` is what a login becomes that no policy binds, a superuser's for one.
CREATE FUNCTION "concord"."set_up_tenancy"()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['concord_index', 'concord_app'] LOOP
        BEGIN
            IF to_regrole(named) IS NULL THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', named);
            END IF;
            IF NOT pg_has_role(named, 'SET') THEN
                EXECUTE format('GRANT %I TO %I WITH SET TRUE, INHERIT FALSE', named, current_user);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- Another database's migration has made it meanwhile.
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'There is no role % that % may set.', named, current_user;
        END;
    END LOOP;

    FOREACH named IN ARRAY ARRAY['concord_search', 'concord_ingest', 'concord_maintenance'] LOOP
        CONTINUE WHEN to_regrole(named) IS NULL OR to_regrole('concord_app') IS NULL
            OR EXISTS (SELECT FROM pg_auth_members
                       WHERE roleid = to_regrole(named) AND member = to_regrole('concord_app'));
        BEGIN
            EXECUTE format('GRANT %I TO concord_app WITH INHERIT TRUE, SET FALSE', named);
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE '% may not make concord_app a member of %.', current_user, named;
        END;
    END LOOP;

    IF to_regrole('concord_index') IS NULL OR NOT pg_has_role('concord_index', 'SET') THEN
        RETURN;
    END IF;
    FOREACH named IN ARRAY ARRAY[
        'collection', 'alias', 'document', 'deletion', 'keyword_term', 'keyword_word', 'keyword_block', 'keyword_statistic'
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_policy
                       WHERE polname = 'every_row' AND polrelid = format('concord.%I', named)::regclass) THEN
            EXECUTE format('CREATE POLICY every_row ON concord.%I FOR SELECT TO concord_index USING (true)', named);
        END IF;
    END LOOP;
    -- Who becomes an owner has to be allowed to create in the schema, at that moment.
    GRANT CREATE ON SCHEMA concord TO concord_index;
    FOREACH named IN ARRAY ARRAY[
        'aliased_collections()', 'entered_collections()', 'documents_having(integer, jsonpath)',
        'similar_words(integer, text)', 'completing_words(integer, text, integer)',
        'expand_word(integer, text, text, boolean, boolean)', 'gone(integer)'
    ] LOOP
        IF (SELECT proowner FROM pg_proc WHERE oid = ('concord.' || named)::regprocedure)
            <> 'concord_index'::regrole THEN
            EXECUTE format('ALTER FUNCTION concord.%s OWNER TO concord_index', named);
        END IF;
    END LOOP;
    FOREACH named IN ARRAY ARRAY['readable_block', 'readable_term', 'readable_statistic'] LOOP
        IF (SELECT relowner FROM pg_class WHERE oid = format('concord.%I', named)::regclass)
            <> 'concord_index'::regrole THEN
            EXECUTE format('ALTER VIEW concord.%I OWNER TO concord_index', named);
        END IF;
    END LOOP;
    REVOKE CREATE ON SCHEMA concord FROM concord_index;
END
$$;

-- As in 20261128000000_grants_as_rows, and with what row-level security takes.
CREATE OR REPLACE FUNCTION "concord"."set_up_roles"()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind text;
    given record;
    acting CONSTANT text := current_setting('role');
    vector_schema regnamespace := (SELECT extnamespace FROM pg_extension WHERE extname = 'vector');
BEGIN
    FOR kind IN SELECT DISTINCT role FROM concord.role_grant LOOP
        CONTINUE WHEN to_regrole(kind) IS NOT NULL;
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', kind);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- Another database's migration has made it meanwhile.
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'There is no role %, and % may not create it.', kind, current_user;
        END;
    END LOOP;

    -- A function is everybody's when it is made.
    FOR kind IN SELECT oid::regprocedure::text FROM pg_proc
        WHERE pronamespace = 'concord'::regnamespace AND proowner = current_user::regrole LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', kind);
    END LOOP;
    FOR given IN SELECT * FROM concord.role_grant WHERE to_regrole(role) IS NOT NULL LOOP
        BEGIN
            EXECUTE format('GRANT %s ON %s TO %I', given.privileges, given.object, given.role);
        EXCEPTION
            WHEN insufficient_privilege THEN
                -- What that role owns is its own to give.
                PERFORM set_config('role', 'concord_index', true);
                EXECUTE format('GRANT %s ON %s TO %I', given.privileges, given.object, given.role);
                PERFORM set_config('role', acting, true);
        END;
    END LOOP;

    -- The vector type is everybody's, unless somebody has closed its schema.
    FOR kind IN SELECT rolname FROM pg_roles
        WHERE rolname IN (SELECT role FROM concord.role_grant)
            AND NOT has_schema_privilege(oid, vector_schema, 'USAGE')
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', vector_schema, kind);
    END LOOP;

    PERFORM concord.set_up_tenancy();
END
$$;

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_search', 'EXECUTE', 'FUNCTION concord.documents_having'),
    ('concord_search', 'SELECT', 'concord.readable_block'),
    ('concord_search', 'SELECT', 'concord.readable_term'),
    ('concord_search', 'SELECT', 'concord.readable_statistic'),

    ('concord_index', 'USAGE', 'SCHEMA concord'),
    ('concord_index', 'SELECT', 'concord.collection'),
    ('concord_index', 'SELECT', 'concord.alias'),
    ('concord_index', 'SELECT', 'concord.document'),
    ('concord_index', 'SELECT', 'concord.deletion'),
    ('concord_index', 'SELECT', 'concord.keyword_term'),
    ('concord_index', 'SELECT', 'concord.keyword_word'),
    ('concord_index', 'SELECT', 'concord.keyword_block'),
    ('concord_index', 'SELECT', 'concord.keyword_statistic'),
    ('concord_index', 'EXECUTE', 'FUNCTION concord.analyze'),
    ('concord_index', 'EXECUTE', 'FUNCTION concord.readable_text'),
    ('concord_index', 'EXECUTE', 'FUNCTION concord.text_vector'),
    ('concord_index', 'EXECUTE', 'FUNCTION concord.letters_of'),
    ('concord_index', 'EXECUTE', 'FUNCTION concord.end_length'),
    ('concord_index', 'EXECUTE', 'FUNCTION concord.fragment'),
    ('concord_index', 'EXECUTE', 'FUNCTION concord.fragments_of_letters'),
    ('concord_index', 'EXECUTE', 'FUNCTION concord.edits_between');

-- Policies ask for them, in whoever's name.
INSERT INTO "concord"."role_grant" ("role", "privileges", "object")
SELECT role, 'EXECUTE', 'FUNCTION concord.' || name
FROM unnest(ARRAY['concord_search', 'concord_ingest', 'concord_maintenance', 'concord_index']) AS role
CROSS JOIN unnest(ARRAY['enters_all', 'sees_all', 'claimed_readers', 'claimed_patterns', 'enters', 'aliased_collections',
                        'entered_collections', 'may_enter']) AS name
WHERE role = 'concord_index' OR NOT name IN ('claimed_patterns', 'may_enter');
SELECT concord.set_up_roles();
