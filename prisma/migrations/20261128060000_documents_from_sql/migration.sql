-- By hand: documents written by a team's own SQL, in its own transaction. infra/decisions/0023-documents-from-sql.md
-- tells why it is done so.

-- JSON as Python writes it with sorted keys and without spaces: what `content_hash` in shared/domain/documents.py is of.
CREATE FUNCTION "concord"."canonical_json"("value" jsonb)
RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
-- So many digits that a number can be read back.
SET extra_float_digits = 1
AS $$
DECLARE
    number text;
BEGIN
    CASE jsonb_typeof(value)
        WHEN 'object' THEN
            RETURN '{' || coalesce((
                SELECT string_agg(to_json(e.key)::text || ':' || concord.canonical_json(e.value), ','
                    ORDER BY e.key COLLATE "C")
                FROM jsonb_each(value) e), '') || '}';
        WHEN 'array' THEN
            RETURN '[' || coalesce((
                SELECT string_agg(concord.canonical_json(e.value), ',' ORDER BY e.place)
                FROM jsonb_array_elements(value) WITH ORDINALITY AS e (value, place)), '') || ']';
        WHEN 'number' THEN
            IF strpos(value::text, '.') = 0 THEN
                RETURN value::text;
            END IF;
            number := value::float8::text;
            -- Python begins to write exponents at a tenfold higher number.
            IF abs(value::float8) >= 1e15 AND abs(value::float8) < 1e16 THEN
                number := number::numeric::text;
            END IF;
            RETURN CASE WHEN number ~ '[.e]' THEN number ELSE number || '.0' END;
        ELSE
            RETURN value::text;
    END CASE;
END
$$;

-- What both hashes of shared/domain/documents.py begin with: its TEXT_VERSION and, unless it is "headings", the chunking.
CREATE FUNCTION "concord"."hash_prefix"("chunking" text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE "chunking" WHEN 'headings' THEN '2 [' ELSE '2 ' || "chunking" || ' [' END
$$;

CREATE FUNCTION "concord"."content_hash"("chunking" text, "title" text, "body" text, "url" text, "metadata" jsonb)
RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT substr(sha256(convert_to(concord.hash_prefix("chunking") || coalesce(to_json("title")::text, 'null') || ','
        || to_json("body")::text || ',' || coalesce(to_json("url")::text, 'null') || ','
        || concord.canonical_json("metadata") || ']', 'UTF8')), 1, 16)
$$;

CREATE FUNCTION "concord"."text_hash"("chunking" text, "title" text, "body" text)
RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT substr(sha256(convert_to(concord.hash_prefix("chunking") || coalesce(to_json("title")::text, 'null') || ', '
        || to_json("body")::text || ']', 'UTF8')), 1, 16)
$$;

-- Refuses, naming the argument, what the API refuses.
CREATE FUNCTION "concord"."refuse_document"("id" text, "title" text, "body" text, "url" text, "metadata" jsonb)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    problem text := CASE
        WHEN id IS NULL THEN 'id: must not be null'
        WHEN body IS NULL THEN 'body: may be empty, but not null'
        WHEN metadata IS NULL THEN 'metadata: may be empty, but not null'
    END;
BEGIN
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = problem;
    END IF;
    problem := CASE
        WHEN id !~ '^[A-Za-z0-9._~:@=+-]+$' OR length(id) > 256
            THEN 'id: An id has 1 to 256 characters of A-Z a-z 0-9 . _ ~ : @ = + -'
        WHEN length(title) > 1000 THEN 'title: may have 1000 characters at most'
        WHEN length(url) > 2000 THEN 'url: may have 2000 characters at most'
        WHEN octet_length(body) > 5000000 THEN 'body: may have 5000000 bytes at most'
        WHEN jsonb_typeof(metadata) <> 'object' THEN 'metadata: must be an object'
        WHEN octet_length(metadata::text) > 100000 THEN 'metadata: may have 100000 bytes at most'
        WHEN jsonb_path_exists(metadata, 'strict $.**{20} ? (@.type() == "object" || @.type() == "array")')
            THEN 'metadata: may be nested 20 levels deep at most'
        WHEN jsonb_path_exists(metadata, 'strict $.** ? (@.type() == "number" && (@ > 1.797e308 || @ < -1.797e308))')
            THEN 'metadata: must not contain numbers beyond 1.797e308'
        WHEN (SELECT count(*) FROM jsonb_object_keys(metadata)) > 200 THEN 'metadata: may have 200 fields at most'
        WHEN EXISTS (SELECT FROM jsonb_object_keys(metadata) AS name WHERE octet_length(name) > 200)
            THEN 'metadata: a field''s name may have 200 bytes at most'
    END;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = problem;
    END IF;
END
$$;

-- Waits for a collection's turn to be written, which lasts until the caller's transaction ends.
CREATE FUNCTION "concord"."lock_collection"("wanted" text)
RETURNS "concord"."collection"
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found concord.collection;
    locked concord.collection;
BEGIN
    -- Under an older snapshot a number that others have given meanwhile would be given again.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = 'documents are written in transactions of isolation level READ COMMITTED',
            HINT = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED, or write the document in a transaction of its own.';
    END IF;
    SELECT c.* INTO found FROM concord.collection c WHERE c.name = wanted AND c.deleted_at IS NULL;
    PERFORM pg_advisory_xact_lock(hashtext('concord.keyword_index'), found.id);
    -- It may have been renamed or deleted while this waited, and its name given to another.
    SELECT c.* INTO locked FROM concord.collection c WHERE c.name = wanted AND c.deleted_at IS NULL AND c.id = found.id;
    IF locked.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('collection: there is no collection %s', coalesce(quote_literal(wanted), 'null'));
    END IF;
    RETURN locked;
END
$$;

-- Takes the stored text of a document out of the index and its chunks away, under the collection's lock.
CREATE FUNCTION "concord"."withdraw_text"("collection" integer, "document_number" integer)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    old_number integer := (
        SELECT d.index_number FROM concord.document d
        WHERE d.collection_id = collection AND d.number = withdraw_text.document_number);
BEGIN
    -- The job's row is the lock between a document's writer and its embedder.
    PERFORM FROM concord.embedding_job j
    WHERE j.collection_id = collection AND j.document_number = withdraw_text.document_number FOR UPDATE;
    INSERT INTO concord.keyword_block
        (collection_id, term_id, block, posting_count, index_numbers, frequencies, lengths)
    SELECT DISTINCT collection, t.term_id, -old_number, -1, '{}'::int[], '{}'::smallint[], '{}'::int[]
    FROM concord.chunk c CROSS JOIN LATERAL unnest(c.term_ids) AS t (term_id)
    WHERE c.collection_id = collection AND c.document_number = withdraw_text.document_number;
    INSERT INTO concord.keyword_retired (collection_id, index_number) VALUES (collection, old_number);
    INSERT INTO concord.keyword_statistic (collection_id, documents, chunks, length)
    SELECT collection, -1, -count(DISTINCT c.id), -coalesce(sum(t.term_count), 0)
    FROM concord.chunk c LEFT JOIN LATERAL unnest(c.term_counts) AS t (term_count) ON true
    WHERE c.collection_id = collection AND c.document_number = withdraw_text.document_number;
    DELETE FROM concord.embedding e
    WHERE e.space_id = ANY (ARRAY(SELECT s.id FROM concord.embedding_space s))
        AND e.collection_id = collection AND e.document_number = withdraw_text.document_number;
    DELETE FROM concord.chunk c
    WHERE c.collection_id = collection AND c.document_number = withdraw_text.document_number;
END
$$;

-- A body in pieces of up to 1,000 characters, cut after white space where there is some. `start` and `stop` are offsets
-- in code points. Pieces are taken from larger parts, as each substr() walks over all that is before it.
CREATE FUNCTION "concord"."interim_pieces"("body" text)
RETURNS TABLE ("ordinal" integer, "start" integer, "stop" integer, "piece" text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := length(body);
    part text := '';
    part_stop integer := 0;
BEGIN
    ordinal := 0;
    stop := 0;
    IF body !~ '\S' THEN
        RETURN;
    END IF;
    WHILE stop < size LOOP
        IF length(part) <= 1000 AND part_stop < size THEN
            part := substr(body, stop + 1, 50000);
            part_stop := stop + length(part);
        END IF;
        piece := left(part, 1000);
        IF length(piece) < length(part) THEN
            piece := coalesce(substring(piece FROM '^.*\s'), piece);
        END IF;
        start := stop;
        stop := start + length(piece);
        part := substr(part, length(piece) + 1);
        RETURN NEXT;
        ordinal := ordinal + 1;
    END LOOP;
END
$$;

-- Chunks a document for the time being and puts its words into the index, under the collection's lock; returns how many
-- chunks it has. They have no hash, by which the worker knows that it has to chunk the document anew.
CREATE FUNCTION "concord"."index_interim_chunks"(
    "collection" integer, "language" text, "document_number" integer, "index_number" integer, "title" text, "body" text
)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    chunks integer;
BEGIN
    -- As index_chunks and add_words in shared/repositories/sql, for one document.
    WITH incoming AS MATERIALIZED (
        SELECT p.ordinal, p.start, p.stop, p.piece FROM concord.interim_pieces(body) p
        UNION ALL
        SELECT 0, 0, 0, '' WHERE body !~ '\S' AND title ~ '\S'
    ), analysed AS MATERIALIZED (
        SELECT i.ordinal, a.term COLLATE "C" AS term, a.frequency, 0 AS title_frequency
        FROM incoming i CROSS JOIN LATERAL concord.analyze(language, i.piece) a
        UNION ALL
        SELECT i.ordinal, a.term COLLATE "C", a.frequency, a.frequency
        FROM incoming i CROSS JOIN LATERAL concord.analyze(language, title) a WHERE i.ordinal = 0
    ), vocabulary AS MATERIALIZED (
        -- Through keys: a join takes a new collection for an empty one.
        SELECT v.term, (
            SELECT t.id FROM concord.keyword_term t WHERE t.collection_id = collection AND t.term = v.term
        ) AS id
        FROM (SELECT DISTINCT term FROM analysed) v
    ), added AS (
        INSERT INTO concord.keyword_term (collection_id, term)
        SELECT collection, v.term FROM vocabulary v WHERE v.id IS NULL
        RETURNING term, id
    ), counted AS MATERIALIZED (
        SELECT a.ordinal, v.id AS term_id, sum(a.frequency)::int AS frequency, sum(a.title_frequency)::int AS title_frequency
        FROM analysed a
        JOIN (SELECT term, id FROM vocabulary WHERE id IS NOT NULL UNION ALL SELECT term, id FROM added) v USING (term)
        GROUP BY a.ordinal, v.id
    ), chunk_terms AS (
        SELECT c.ordinal, array_agg(c.term_id ORDER BY c.term_id) AS term_ids,
               array_agg(c.frequency::smallint ORDER BY c.term_id) AS term_counts
        FROM counted c GROUP BY c.ordinal
    ), stored AS (
        INSERT INTO concord.chunk
            (collection_id, id, document_number, ordinal, span_start, span_end, heading_path, embedded_hash, term_ids,
             term_counts)
        SELECT collection, nextval('concord.chunk_id_seq'), index_interim_chunks.document_number, i.ordinal, i.start, i.stop,
               '{}', '', coalesce(t.term_ids, '{}'), coalesce(t.term_counts, '{}')
        FROM incoming i LEFT JOIN chunk_terms t USING (ordinal)
        RETURNING 1
    ), posting AS MATERIALIZED (
        SELECT c.term_id, least(sum(c.frequency), 32767)::smallint AS frequency,
               least(sum(c.title_frequency), 32767)::smallint AS title_frequency
        FROM counted c GROUP BY c.term_id
    ), length AS MATERIALIZED (
        SELECT coalesce(sum(c.frequency), 0)::int AS words FROM counted c
    ), average AS MATERIALIZED (
        SELECT greatest(coalesce(sum(s.length)::float8 / nullif(sum(s.documents)::float8, 0), (SELECT words FROM length)), 1)
               AS words
        FROM concord.keyword_statistic s WHERE s.collection_id = collection
    ), blocks AS (
        INSERT INTO concord.keyword_block
            (collection_id, term_id, block, posting_count, best_impact, index_numbers, frequencies, lengths,
             title_frequencies)
        SELECT collection, p.term_id, index_interim_chunks.index_number, 1,
               p.frequency / (p.frequency + 0.3::float8 + 0.9::float8 * l.words / a.words),
               ARRAY[index_interim_chunks.index_number], ARRAY[p.frequency], ARRAY[l.words],
               CASE WHEN p.title_frequency > 0 THEN ARRAY[p.title_frequency] END
        FROM posting p CROSS JOIN length l CROSS JOIN average a
    ), counts AS (
        INSERT INTO concord.keyword_statistic (collection_id, documents, chunks, length)
        SELECT collection, 1, (SELECT count(*) FROM incoming), l.words FROM length l
    )
    SELECT count(*) INTO chunks FROM stored;

    WITH written AS MATERIALIZED (
        SELECT s.lexeme COLLATE "C" AS word, count(*)::int AS occurrences
        FROM (SELECT title AS text WHERE chunks > 0 UNION SELECT p.piece FROM concord.interim_pieces(body) p) x
        CROSS JOIN LATERAL unnest(to_tsvector('simple', concord.readable_text(x.text))) s
        GROUP BY s.lexeme
    ), missing AS MATERIALIZED (
        SELECT w.word, w.occurrences FROM written w
        WHERE length(w.word) BETWEEN 2 AND 60 AND w.word !~ '[[:punct:][:space:]]' AND w.word ~ '[^0-9]'
            AND (SELECT k.term_id FROM concord.keyword_word k
                 WHERE k.collection_id = collection AND k.word = w.word) IS NULL
    )
    INSERT INTO concord.keyword_word (collection_id, word, term_id, letters, fragments, occurrences)
    SELECT collection, m.word, t.id, concord.letters_of(m.word), concord.fragments_of_word(collection, m.word), m.occurrences
    FROM missing m
    CROSS JOIN LATERAL (SELECT a.term FROM concord.analyze(language, m.word) a ORDER BY a.term LIMIT 1) a
    CROSS JOIN LATERAL (
        SELECT t.id FROM concord.keyword_term t WHERE t.collection_id = collection AND t.term = a.term COLLATE "C" OFFSET 0
    ) t
    ON CONFLICT DO NOTHING;
    RETURN chunks;
END
$$;

-- Stores a document in the caller's transaction: found by keyword when that commits, gone when it is rolled back. Returns
-- 'created', 'updated' or 'unchanged'. The worker gives it its passages and vectors. Runs with its owner's rights: the
-- caller needs those of concord_writer, and none on a table. Other writers of the collection wait until the commit.
CREATE FUNCTION "concord"."upsert_document"(
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
BEGIN
    PERFORM concord.refuse_document(id, title, body, url, metadata);
    target := concord.lock_collection(collection);
    -- The hashes of other templates have values of metadata in them as Python writes these: the worker makes them, and
    -- till then a document has none. What has changed is told by columns, and for the others also by their hash, which
    -- knows of another chunking.
    has_hashes := target.embedding_template = ARRAY['title', 'headings', 'text'];
    hash_of_text := CASE WHEN has_hashes THEN concord.text_hash(target.chunking, title, body) ELSE '' END;
    hash_of_content := CASE WHEN has_hashes
        THEN concord.content_hash(target.chunking, title, body, url, metadata) ELSE '' END;
    SELECT d.* INTO stored FROM concord.document d WHERE d.collection_id = target.id AND d.id = upsert_document.id;
    text_is_stored := stored.number IS NOT NULL AND stored.title IS NOT DISTINCT FROM title AND stored.body = body
        AND stored.page_starts = '{}' AND CASE WHEN has_hashes THEN stored.text_hash = hash_of_text
            ELSE stored.metadata = metadata OR array_to_string(target.embedding_template, ' ') !~ 'metadata' END;
    IF text_is_stored AND stored.url IS NOT DISTINCT FROM url AND stored.metadata = metadata THEN
        -- Writing a document again gives its failed embedding a new start.
        UPDATE concord.embedding_job j
        SET state = 'pending', attempts = 0, claimed_until = NULL, error = NULL, created_at = now()
        WHERE j.collection_id = target.id AND j.document_number = stored.number AND j.state = 'failed';
        RETURN 'unchanged';
    END IF;

    INSERT INTO concord.metadata_field (collection_id, name)
    SELECT target.id, f.name FROM jsonb_object_keys(metadata) AS f (name)
    ON CONFLICT DO NOTHING;
    IF text_is_stored THEN
        UPDATE concord.document d
        SET url = upsert_document.url, metadata = upsert_document.metadata, content_hash = hash_of_content,
            updated_at = now()
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
        (collection_id, id, number, index_number, title, body, url, metadata, content_hash, text_hash)
    VALUES (
        target.id, upsert_document.id,
        coalesce(stored.number,
            1 + coalesce((SELECT max(d.number) FROM concord.document d WHERE d.collection_id = target.id), 0)),
        new_number, upsert_document.title, upsert_document.body, upsert_document.url, upsert_document.metadata,
        hash_of_content, hash_of_text)
    ON CONFLICT ON CONSTRAINT document_pkey DO UPDATE SET
        index_number = excluded.index_number, title = excluded.title, body = excluded.body, url = excluded.url,
        metadata = excluded.metadata, content_hash = excluded.content_hash, text_hash = excluded.text_hash,
        page_starts = excluded.page_starts, updated_at = now()
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

-- Removes a document with all that stands for it, in the caller's transaction; returns whether there was one.
CREATE FUNCTION "concord"."delete_document"("collection" text, "id" text)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    target concord.collection := concord.lock_collection(collection);
    gone integer := (
        SELECT d.number FROM concord.document d WHERE d.collection_id = target.id AND d.id = delete_document.id);
BEGIN
    IF gone IS NULL THEN
        RETURN false;
    END IF;
    PERFORM concord.withdraw_text(target.id, gone);
    DELETE FROM concord.embedding_job j WHERE j.collection_id = target.id AND j.document_number = gone;
    DELETE FROM concord.document d WHERE d.collection_id = target.id AND d.number = gone;
    RETURN true;
END
$$;

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_writer', 'USAGE', 'SCHEMA concord'),
    ('concord_writer', 'EXECUTE', 'FUNCTION concord.upsert_document'),
    ('concord_writer', 'EXECUTE', 'FUNCTION concord.delete_document');

SELECT concord.set_up_roles();
