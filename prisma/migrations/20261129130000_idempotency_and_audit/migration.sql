-- What a request that writes leaves behind, in the write's own transaction: an entry of the audit and, where it came
-- with an Idempotency-Key, that it has written.

-- CreateTable
CREATE TABLE "concord"."idempotent_request" (
    "principal" TEXT COLLATE "C" NOT NULL,
    "route" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "holder" TEXT COLLATE "C" NOT NULL,
    "lease_until" TIMESTAMPTZ(6) NOT NULL,
    "is_written" BOOLEAN NOT NULL DEFAULT false,
    "objects" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "status" SMALLINT,
    "headers" JSONB NOT NULL DEFAULT '{}',
    "answer" BYTEA,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotent_request_pkey" PRIMARY KEY ("principal","route","key")
);

-- CreateTable
CREATE TABLE "concord"."audit_entry" (
    "id" BIGSERIAL NOT NULL,
    "written_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "principal" TEXT COLLATE "C" NOT NULL,
    "action" TEXT COLLATE "C" NOT NULL,
    "collection" TEXT COLLATE "C",
    "objects" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "object_count" INTEGER NOT NULL DEFAULT 0,
    "request_id" TEXT COLLATE "C",
    "address" TEXT COLLATE "C",
    "outcome" TEXT COLLATE "C" NOT NULL DEFAULT 'done',

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "idempotent_request_created_at_idx" ON "concord"."idempotent_request"("created_at");

-- CreateIndex
CREATE INDEX "audit_entry_written_at_idx" ON "concord"."audit_entry"("written_at");

-- CreateIndex
CREATE INDEX "audit_entry_principal_id_idx" ON "concord"."audit_entry"("principal", "id");

-- CreateIndex
CREATE INDEX "audit_entry_collection_id_idx" ON "concord"."audit_entry"("collection", "id");

-- By hand.

-- The only way into the audit for the roles of functions, in the name that the transaction's claims have.
-- Whoever carries out a request with a key and was overtaken by another, who took it for dead, must not write any more:
-- the first to commit keeps the other out.
CREATE FUNCTION "concord"."record_write"(
    "action" text, "collection" text, "objects" text[], "object_count" integer, "request_id" text, "address" text,
    "route" text, "key" text, "holder" text
)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO concord.audit_entry (principal, action, collection, objects, object_count, request_id, address)
    -- Who comes without claims is known by its login.
    VALUES (coalesce(nullif(current_setting('concord.principal', true), ''), session_user), "action", "collection", "objects", "object_count", "request_id",
            "address");
    IF "key" IS NULL THEN
        RETURN;
    END IF;
    UPDATE concord.idempotent_request r
    SET is_written = true, objects = CASE record_write.objects WHEN '{}' THEN r.objects ELSE record_write.objects END
    WHERE r.principal = current_setting('concord.principal', true) AND r.route = record_write.route
        AND r.key = record_write.key AND r.holder = record_write.holder;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Another has taken the request over.' USING ERRCODE = 'serialization_failure';
    END IF;
END
$$;

-- Entries are added, and nothing else is done to them, by the owner neither.
CREATE FUNCTION "concord"."refuse_change_of_audit"()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('concord.audit_retention', true) = 'over' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The audit is added to, and nothing else.' USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;

CREATE TRIGGER "append_only" BEFORE UPDATE OR DELETE ON "concord"."audit_entry"
FOR EACH ROW EXECUTE FUNCTION "concord"."refuse_change_of_audit"();
CREATE TRIGGER "append_only_at_once" BEFORE TRUNCATE ON "concord"."audit_entry"
FOR EACH STATEMENT EXECUTE FUNCTION "concord"."refuse_change_of_audit"();

-- Removes up to `most` entries that are older than so many days, of which there cannot be less than one.
CREATE FUNCTION "concord"."forget_audit"("days" integer, "most" integer)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    forgotten integer;
BEGIN
    PERFORM set_config('concord.audit_retention', 'over', true);
    DELETE FROM concord.audit_entry WHERE id IN (
        SELECT id FROM concord.audit_entry
        WHERE written_at < now() - make_interval(days => greatest("days", 1)) ORDER BY written_at LIMIT "most");
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    PERFORM set_config('concord.audit_retention', '', true);
    RETURN forgotten;
END
$$;

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_search', 'SELECT', 'concord.audit_entry'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE, DELETE', 'concord.idempotent_request'),
    ('concord_ingest', 'EXECUTE', 'FUNCTION concord.record_write'),
    ('concord_maintenance', 'EXECUTE', 'FUNCTION concord.record_write'),
    ('concord_maintenance', 'SELECT, DELETE', 'concord.idempotent_request'),
    ('concord_maintenance', 'EXECUTE', 'FUNCTION concord.forget_audit')
ON CONFLICT ("role", "object") DO UPDATE SET "privileges" = excluded."privileges";
SELECT concord.set_up_roles();
