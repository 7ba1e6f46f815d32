-- What each role may do, as rows: a migration that adds a table adds its grants and calls concord.set_up_roles().

-- CreateTable
CREATE TABLE "concord"."role_grant" (
    "role" TEXT COLLATE "C" NOT NULL,
    "object" TEXT COLLATE "C" NOT NULL,
    "privileges" TEXT NOT NULL,

    CONSTRAINT "role_grant_pkey" PRIMARY KEY ("role","object")
);

-- By hand, as in 20261125090000_search_grants.
INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_search', 'USAGE', 'SCHEMA concord'),
    -- To see whether a space has its index.
    ('concord_search', 'USAGE', 'SCHEMA concord_embedding'),
    ('concord_search', 'SELECT', 'concord.embedding_space'),
    ('concord_search', 'SELECT', 'concord.collection'),
    ('concord_search', 'SELECT', 'concord.metadata_field'),
    ('concord_search', 'SELECT', 'concord.document'),
    ('concord_search', 'SELECT', 'concord.chunk'),
    ('concord_search', 'SELECT', 'concord.embedding'),
    ('concord_search', 'SELECT', 'concord.embedding_job'),
    ('concord_search', 'SELECT', 'concord.keyword_term'),
    ('concord_search', 'SELECT', 'concord.keyword_block'),
    ('concord_search', 'SELECT', 'concord.keyword_retired'),
    ('concord_search', 'SELECT', 'concord.keyword_statistic'),
    ('concord_search', 'SELECT', 'concord.collection_settings'),
    ('concord_search', 'EXECUTE', 'FUNCTION concord.analyze'),
    ('concord_search', 'EXECUTE', 'FUNCTION concord.readable_text'),
    ('concord_search', 'EXECUTE', 'FUNCTION concord.text_vector'),
    ('concord_search', 'EXECUTE', 'FUNCTION concord.has_phrase'),
    ('concord_search', 'EXECUTE', 'FUNCTION concord.similar_words'),
    ('concord_search', 'EXECUTE', 'FUNCTION concord.completing_words'),
    ('concord_search', 'EXECUTE', 'FUNCTION concord.expand_word'),

    ('concord_ingest', 'USAGE', 'SCHEMA concord'),
    ('concord_ingest', 'SELECT', 'concord.embedding_space'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE', 'concord.collection'),
    ('concord_ingest', 'SELECT, INSERT', 'concord.metadata_field'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE, DELETE', 'concord.document'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE, DELETE', 'concord.chunk'),
    ('concord_ingest', 'SELECT, INSERT, DELETE', 'concord.embedding'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE, DELETE', 'concord.embedding_job'),
    ('concord_ingest', 'SELECT, INSERT', 'concord.keyword_term'),
    ('concord_ingest', 'INSERT', 'concord.keyword_block'),
    ('concord_ingest', 'SELECT, INSERT', 'concord.keyword_retired'),
    ('concord_ingest', 'SELECT, INSERT', 'concord.keyword_statistic'),
    ('concord_ingest', 'USAGE', 'SEQUENCE concord.collection_id_seq'),
    ('concord_ingest', 'USAGE', 'SEQUENCE concord.chunk_id_seq'),
    ('concord_ingest', 'USAGE', 'SEQUENCE concord.keyword_term_id_seq'),
    ('concord_ingest', 'USAGE', 'SEQUENCE concord.keyword_statistic_id_seq'),
    ('concord_ingest', 'SELECT, INSERT', 'concord.keyword_word'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE', 'concord.collection_settings'),
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.analyze'),
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.readable_text'),
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.letters_of'),
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.fragments_of_word'),
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.open_embedding_space'),

    ('concord_maintenance', 'USAGE', 'SCHEMA concord'),
    ('concord_maintenance', 'USAGE', 'SCHEMA concord_embedding'),
    ('concord_maintenance', 'SELECT', 'concord.embedding_space'),
    ('concord_maintenance', 'SELECT, DELETE', 'concord.collection'),
    ('concord_maintenance', 'SELECT, DELETE', 'concord.metadata_field'),
    ('concord_maintenance', 'SELECT, DELETE', 'concord.document'),
    ('concord_maintenance', 'SELECT, DELETE', 'concord.embedding'),
    -- UPDATE of some column is what locking rows takes.
    ('concord_maintenance', 'SELECT, UPDATE (claimed_until), DELETE', 'concord.embedding_job'),
    ('concord_maintenance', 'SELECT, DELETE', 'concord.keyword_term'),
    ('concord_maintenance', 'SELECT, INSERT, DELETE', 'concord.keyword_block'),
    ('concord_maintenance', 'SELECT, DELETE', 'concord.keyword_retired'),
    ('concord_maintenance', 'SELECT, INSERT, DELETE', 'concord.keyword_statistic'),
    ('concord_maintenance', 'USAGE', 'SEQUENCE concord.keyword_statistic_id_seq'),
    ('concord_maintenance', 'SELECT, DELETE', 'concord.keyword_word'),
    ('concord_maintenance', 'EXECUTE', 'FUNCTION concord.index_collection_vectors'),
    ('concord_maintenance', 'EXECUTE', 'FUNCTION concord.drop_collection_index');

-- Makes the roles that the server lacks, if it may, and grants each that exists what its functions need, no more.
-- Roles belong to the server, grants to the database: after a restore, or once a missing role has been made, calling
-- it again mends either.
CREATE OR REPLACE FUNCTION "concord"."set_up_roles"()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind text;
    given record;
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
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA concord FROM PUBLIC;
    FOR given IN SELECT * FROM concord.role_grant WHERE to_regrole(role) IS NOT NULL LOOP
        EXECUTE format('GRANT %s ON %s TO %I', given.privileges, given.object, given.role);
    END LOOP;

    -- The vector type is everybody's, unless somebody has closed its schema.
    FOR kind IN SELECT rolname FROM pg_roles
        WHERE rolname IN (SELECT role FROM concord.role_grant)
            AND NOT has_schema_privilege(oid, vector_schema, 'USAGE')
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', vector_schema, kind);
    END LOOP;
END
$$;

SELECT concord.set_up_roles();
