-- Other names of collections, which can be given to another one at any time.

-- CreateTable
CREATE TABLE "concord"."alias" (
    "name" TEXT COLLATE "C" NOT NULL,
    "collection_id" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "alias_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE INDEX "alias_collection_id_idx" ON "concord"."alias"("collection_id");

-- AddForeignKey
ALTER TABLE "concord"."alias" ADD CONSTRAINT "alias_collection_id_fkey" FOREIGN KEY ("collection_id") REFERENCES "concord"."collection"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- By hand.

-- Who writes a name waits for others that write the same one, and then sees whether it is taken.
CREATE FUNCTION "concord"."refuse_taken_name"()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('concord.name'), hashtext(NEW.name));
    IF TG_TABLE_NAME = 'alias' THEN
        IF EXISTS (SELECT FROM concord.collection WHERE name = NEW.name AND deleted_at IS NULL) THEN
            RAISE unique_violation USING CONSTRAINT = 'name_of_a_collection', MESSAGE = 'a collection has that name';
        END IF;
    ELSIF EXISTS (SELECT FROM concord.alias WHERE name = NEW.name) THEN
        RAISE unique_violation USING CONSTRAINT = 'name_of_an_alias', MESSAGE = 'an alias has that name';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER "alias_name" BEFORE INSERT ON "concord"."alias"
    FOR EACH ROW EXECUTE FUNCTION "concord"."refuse_taken_name"();
CREATE TRIGGER "collection_name" BEFORE INSERT OR UPDATE OF "name" ON "concord"."collection"
    FOR EACH ROW EXECUTE FUNCTION "concord"."refuse_taken_name"();

-- The id of the live collection that is called so, by its own name or by an alias.
CREATE FUNCTION "concord"."collection_named"("wanted" text)
RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT coalesce(
        (SELECT id FROM concord.collection WHERE name = "wanted" COLLATE "C" AND deleted_at IS NULL),
        (SELECT collection_id FROM concord.alias WHERE name = "wanted" COLLATE "C"))
$$;

-- As in 20261128060000_documents_from_sql, for a name or an alias: waits for a collection's turn to be written, which lasts until the caller's transaction ends.
CREATE OR REPLACE FUNCTION "concord"."lock_collection"("wanted" text)
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
    SELECT c.* INTO found FROM concord.collection c WHERE c.id = concord.collection_named(wanted);
    PERFORM pg_advisory_xact_lock(hashtext('concord.keyword_index'), found.id);
    -- It may have been renamed or deleted while this waited, and its name given to another.
    SELECT c.* INTO locked FROM concord.collection c WHERE c.id = concord.collection_named(wanted) AND c.id = found.id;
    IF locked.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('collection: there is no collection %s', coalesce(quote_literal(wanted), 'null'));
    END IF;
    RETURN locked;
END
$$;

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_search', 'SELECT', 'concord.alias'),
    ('concord_search', 'EXECUTE', 'FUNCTION concord.collection_named'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE, DELETE', 'concord.alias'),
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.collection_named');
SELECT concord.set_up_roles();
