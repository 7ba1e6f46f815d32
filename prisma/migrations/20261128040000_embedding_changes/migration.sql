-- How a collection changes its embedding model while it is searched: decision 21.

-- CreateTable
CREATE TABLE "concord"."embedding_change" (
    "collection_id" INTEGER NOT NULL,
    "old_space_id" INTEGER NOT NULL,
    "new_space_id" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'backfilling',
    "rate" DOUBLE PRECISION,
    "reached_number" INTEGER NOT NULL DEFAULT 0,
    "last_number" INTEGER NOT NULL,
    "paced_until" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "embedding_change_pkey" PRIMARY KEY ("collection_id")
);

-- CreateTable
CREATE TABLE "concord"."embedding_backfill" (
    "collection_id" INTEGER NOT NULL,
    "document_number" INTEGER NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "claimed_until" TIMESTAMPTZ(6),
    "is_stale" BOOLEAN NOT NULL DEFAULT false,
    "error" TEXT,

    CONSTRAINT "embedding_backfill_pkey" PRIMARY KEY ("collection_id","document_number")
);

-- AddForeignKey
ALTER TABLE "concord"."embedding_change" ADD CONSTRAINT "embedding_change_collection_id_fkey" FOREIGN KEY ("collection_id") REFERENCES "concord"."collection"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "concord"."embedding_backfill" ADD CONSTRAINT "embedding_backfill_collection_id_fkey" FOREIGN KEY ("collection_id") REFERENCES "concord"."embedding_change"("collection_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- By hand.
ALTER TABLE "concord"."embedding_change"
    ADD CONSTRAINT "embedding_change_state"
        CHECK ("state" IN ('backfilling', 'complete', 'switched', 'rolled_back', 'cleaning', 'cleaned')),
    ADD CONSTRAINT "embedding_change_spaces" CHECK ("old_space_id" <> "new_space_id"),
    ADD CONSTRAINT "embedding_change_rate" CHECK ("rate" > 0);

-- The space that a collection is changing from or to beside the one that serves; NULL without a change under way.
CREATE FUNCTION "concord"."other_space"("collection" integer)
RETURNS integer
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE c.space_id WHEN x.old_space_id THEN x.new_space_id ELSE x.old_space_id END
    FROM concord.embedding_change x JOIN concord.collection c ON c.id = x.collection_id
    WHERE x.collection_id = collection AND x.state NOT IN ('cleaning', 'cleaned')
$$;

-- Every space in which a collection may have vectors: what is deleted is deleted there.
CREATE FUNCTION "concord"."spaces_with_vectors"("collection" integer)
RETURNS integer[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT array_agg(DISTINCT s.id)
    FROM concord.collection c
    LEFT JOIN concord.embedding_change x ON x.collection_id = c.id
    CROSS JOIN LATERAL (VALUES (c.space_id), (x.old_space_id), (x.new_space_id)) AS s (id)
    WHERE c.id = collection AND s.id IS NOT NULL
$$;

-- As vector_index_definition(collection) and index_collection_vectors(collection), in a space that is named.
CREATE FUNCTION "concord"."vector_index_definition"("collection" integer, "space" integer)
RETURNS text
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format(
        'concord_embedding.space_%2$s USING hnsw ((vector::%4$s.halfvec(%3$s)) %4$s.halfvec_ip_ops)'
        || ' WITH (m = 16, ef_construction = 64) WHERE collection_id = %1$s',
        collection, s.id, s.dimensions, (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vector'))
    FROM concord.embedding_space s WHERE s.id = space
$$;

CREATE FUNCTION "concord"."index_collection_vectors"("collection" integer, "space" integer)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
SET maintenance_work_mem = '256MB'
SET max_parallel_maintenance_workers = 0
AS $$
BEGIN
    IF NOT space = ANY (concord.spaces_with_vectors(collection))
        OR to_regclass(format('concord_embedding.collection_%s_space_%s_idx', collection, space)) IS NOT NULL
    THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE INDEX collection_%s_space_%s_idx ON %s', collection, space,
        concord.vector_index_definition(collection, space));
    RETURN true;
END
$$;

-- Takes the index of a space away in which the collection is no longer searched, and what is left of one.
CREATE FUNCTION "concord"."drop_space_index"("collection" integer, "space" integer)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $$
BEGIN
    IF space = (SELECT c.space_id FROM concord.collection c WHERE c.id = collection AND c.deleted_at IS NULL) THEN
        RAISE EXCEPTION 'Collection % is searched in space %.', collection, space;
    END IF;
    EXECUTE format('DROP INDEX IF EXISTS concord_embedding.collection_%1$s_space_%2$s_idx,
        concord_embedding.collection_%1$s_space_%2$s_building', collection, space);
END
$$;

-- Of a deleted collection, in every space.
CREATE OR REPLACE FUNCTION "concord"."drop_collection_index"("collection" integer)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    space integer;
BEGIN
    FOREACH space IN ARRAY coalesce(concord.spaces_with_vectors(collection), '{}') LOOP
        EXECUTE format('DROP INDEX IF EXISTS concord_embedding.collection_%1$s_space_%2$s_idx,
            concord_embedding.collection_%1$s_space_%2$s_building', collection, space);
    END LOOP;
END
$$;

INSERT INTO concord.role_grant (role, privileges, object) VALUES
    ('concord_search', 'SELECT', 'concord.embedding_change'),
    ('concord_search', 'SELECT', 'concord.embedding_backfill'),
    ('concord_search', 'EXECUTE', 'FUNCTION concord.other_space'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE', 'concord.embedding_change'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE, DELETE', 'concord.embedding_backfill'),
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.other_space'),
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.spaces_with_vectors'),
    -- To see whether a space has its index.
    ('concord_ingest', 'USAGE', 'SCHEMA concord_embedding'),
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.drop_space_index'),
    ('concord_maintenance', 'SELECT, UPDATE', 'concord.embedding_change'),
    ('concord_maintenance', 'EXECUTE', 'FUNCTION concord.spaces_with_vectors'),
    ('concord_maintenance', 'EXECUTE', 'FUNCTION concord.index_collection_vectors(integer, integer)'),
    ('concord_maintenance', 'EXECUTE', 'FUNCTION concord.drop_space_index');

-- Two functions have the name now.
UPDATE concord.role_grant SET object = 'FUNCTION concord.index_collection_vectors(integer)'
WHERE object = 'FUNCTION concord.index_collection_vectors';

SELECT concord.set_up_roles();
