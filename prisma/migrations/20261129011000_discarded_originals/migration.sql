-- Files that no document has any more, until they are removed from the storage.

-- CreateTable
CREATE TABLE "concord"."discarded_original" (
    "object_key" TEXT COLLATE "C" NOT NULL,
    "discarded_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "discarded_original_pkey" PRIMARY KEY ("object_key")
);

-- CreateIndex
CREATE INDEX "document_original_object_key_idx" ON "concord"."document_original"("object_key");

-- By hand. Row by row: a document that is deleted takes its file's row along, and most have none.

CREATE FUNCTION "concord"."discard_original"()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO concord.discarded_original (object_key) VALUES (OLD.object_key) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER "original_deleted" AFTER DELETE ON "concord"."document_original"
    FOR EACH ROW EXECUTE FUNCTION concord.discard_original();
CREATE TRIGGER "original_replaced" AFTER UPDATE OF "object_key" ON "concord"."document_original"
    FOR EACH ROW WHEN (OLD.object_key <> NEW.object_key) EXECUTE FUNCTION concord.discard_original();

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_ingest', 'SELECT, DELETE', 'concord.discarded_original');

SELECT concord.set_up_roles();
