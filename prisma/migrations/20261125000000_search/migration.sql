-- Written by `prisma migrate dev --create-only`; then by hand: everything below "By hand".

-- AlterTable
ALTER TABLE "concord"."keyword_block" ADD COLUMN     "best_impact" REAL NOT NULL DEFAULT 1,
ADD COLUMN     "title_frequencies" SMALLINT[];

-- By hand: what Prisma cannot model.

-- What a search asks of every block, it reads from the key alone.
ALTER TABLE "concord"."keyword_block"
    DROP CONSTRAINT "keyword_block_pkey",
    ADD CONSTRAINT "keyword_block_pkey" PRIMARY KEY ("collection_id", "term_id", "block")
        INCLUDE ("posting_count", "best_impact"),
    ALTER COLUMN "title_frequencies" SET STORAGE PLAIN;

-- A text as its words are read: normalised, with what looks like tags read as words, and writing that has no spaces
-- between words cut into characters.
CREATE FUNCTION "concord"."readable_text"("content" text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN octet_length("content") = length("content") THEN translate("content", '<>', '  ')
        ELSE regexp_replace(translate(normalize("content", NFKC), '<>', '  '),
            '([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]'
            || '|[\U00020000-\U0003fffd])', ' \1 ', 'g')
        END
$$;

-- The words of a text with their places, stemmed and without stop words.
CREATE FUNCTION "concord"."text_vector"("language" text, "content" text)
RETURNS tsvector
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT to_tsvector("language"::regconfig, concord.readable_text("content"))
$$;

-- Keyword analysis, for every writer and every query.
CREATE OR REPLACE FUNCTION "concord"."analyze"("language" text, "content" text)
RETURNS TABLE ("term" text, "frequency" integer)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT lexeme, cardinality(positions)
    FROM unnest(to_tsvector("language"::regconfig, concord.readable_text("content")))
$$;

-- Whether a title or a body has these words one after the other.
CREATE FUNCTION "concord"."has_phrase"("language" text, "phrase" text, "title" text, "body" text)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT coalesce(concord.text_vector("language", "body") @@ p.query, false)
        OR coalesce(concord.text_vector("language", "title") @@ p.query, false)
    FROM (SELECT phraseto_tsquery("language"::regconfig, concord.readable_text("phrase")) AS query) p
$$;

-- The definition of a collection's own HNSW index, after `CREATE INDEX name ON`: a search of one collection never
-- visits another's vectors.
CREATE FUNCTION "concord"."vector_index_definition"("collection" integer)
RETURNS text
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format(
        'concord_embedding.space_%2$s USING hnsw ((vector::%4$s.halfvec(%3$s)) %4$s.halfvec_ip_ops)'
        || ' WITH (m = 16, ef_construction = 64) WHERE collection_id = %1$s',
        c.id, s.id, s.dimensions, (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vector'))
    FROM concord.collection c JOIN concord.embedding_space s ON s.id = c.space_id
    WHERE c.id = collection
$$;

-- Gives a collection's vectors their index, unless it has one; returns whether it was made. Writers of the space's
-- vectors wait meanwhile: `concord index` builds it without that.
CREATE FUNCTION "concord"."index_collection_vectors"("collection" integer)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- Searches of the whole space would wait behind what waits for a lock.
SET lock_timeout = '2s'
-- A graph that does not fit takes many times as long; workers share memory that containers seldom have.
SET maintenance_work_mem = '256MB'
SET max_parallel_maintenance_workers = 0
AS $$
DECLARE
    space integer;
BEGIN
    SELECT c.space_id INTO STRICT space FROM concord.collection c WHERE c.id = collection;
    IF to_regclass(format('concord_embedding.collection_%s_space_%s_idx', collection, space)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE INDEX collection_%s_space_%s_idx ON %s', collection, space,
        concord.vector_index_definition(collection));
    RETURN true;
END
$$;

-- Takes the index of a deleted collection's vectors away, and what an interrupted build has left of one.
CREATE FUNCTION "concord"."drop_collection_index"("collection" integer)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    space integer := (SELECT c.space_id FROM concord.collection c WHERE c.id = collection);
BEGIN
    EXECUTE format('DROP INDEX IF EXISTS concord_embedding.collection_%1$s_space_%2$s_idx,
        concord_embedding.collection_%1$s_space_%2$s_building', collection, space);
END
$$;
