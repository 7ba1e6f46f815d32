-- By hand: one role per kind of function. infra/decisions/0011-database-roles.md tells why.

-- Makes the roles that the server lacks, if it may, and grants each that exists what its functions need, no more.
-- Roles belong to the server, grants to the database: after a restore, or once a missing role has been made, calling
-- it again mends either. A migration that adds or drops a table replaces this function and calls it.
CREATE FUNCTION "concord"."set_up_roles"()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kind text;
    privileges text;
    object text;
    vector_schema regnamespace := (SELECT extnamespace FROM pg_extension WHERE extname = 'vector');
BEGIN
    FOREACH kind IN ARRAY ARRAY['concord_search', 'concord_ingest', 'concord_maintenance'] LOOP
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

    FOR kind, privileges, object IN VALUES
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
        ('concord_search', 'EXECUTE', 'FUNCTION concord.analyze'),

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
        ('concord_ingest', 'EXECUTE', 'FUNCTION concord.analyze'),
        ('concord_ingest', 'EXECUTE', 'FUNCTION concord.open_embedding_space'),

        ('concord_maintenance', 'USAGE', 'SCHEMA concord'),
        ('concord_maintenance', 'USAGE', 'SCHEMA concord_embedding'),
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
        ('concord_maintenance', 'EXECUTE', 'FUNCTION concord.index_embedding_space')
    LOOP
        IF to_regrole(kind) IS NOT NULL THEN
            EXECUTE format('GRANT %s ON %s TO %I', privileges, object, kind);
        END IF;
    END LOOP;

    -- The vector type is everybody's, unless somebody has closed its schema.
    FOR kind IN SELECT rolname FROM pg_roles
        WHERE rolname IN ('concord_search', 'concord_ingest', 'concord_maintenance')
            AND NOT has_schema_privilege(oid, vector_schema, 'USAGE')
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', vector_schema, kind);
    END LOOP;
END
$$;

-- As before, but with its owner's rights: who opens a space need not be allowed to create tables. Names are qualified,
-- so that no object of the caller's can take the place of one that is meant.
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
    EXECUTE format('ALTER TABLE concord_embedding.space_%s ALTER COLUMN vector SET STORAGE PLAIN', space);
    RETURN space;
END
$$;

CREATE OR REPLACE FUNCTION "concord"."index_embedding_space"("space" integer)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass(format('concord_embedding.space_%s_vector_idx', space)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format(
        'CREATE INDEX space_%1$s_vector_idx ON concord_embedding.space_%1$s
         USING hnsw ((vector::%3$s.halfvec(%2$s)) %3$s.halfvec_ip_ops)',
        space, (SELECT dimensions FROM concord.embedding_space WHERE id = space),
        (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vector'));
    RETURN true;
END
$$;

-- Functions and types are everybody's by default. Who has been let into the schema by hand keeps what that gave.
DO $$
DECLARE
    guest regrole;
BEGIN
    FOR guest IN
        SELECT DISTINCT grantee::regrole FROM pg_namespace, aclexplode(nspacl)
        WHERE nspname = 'concord' AND privilege_type = 'USAGE' AND grantee NOT IN (0, nspowner)
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION
            concord.analyze, concord.open_embedding_space, concord.index_embedding_space TO %s', guest);
    END LOOP;
END
$$;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA "concord" FROM PUBLIC;
REVOKE ALL ON TYPE "concord"."embedding_state" FROM PUBLIC;

SELECT concord.set_up_roles();
