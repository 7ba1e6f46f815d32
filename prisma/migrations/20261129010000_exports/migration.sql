-- Bundles that are built in the storage. A row outlives its collection, until what it has stored is removed.

-- CreateTable
CREATE TABLE "concord"."export" (
    "collection_id" INTEGER NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "vectors" BOOLEAN NOT NULL,
    "last_number" INTEGER NOT NULL,
    "documents_total" INTEGER NOT NULL,
    "documents" INTEGER NOT NULL DEFAULT 0,
    "vectors_written" INTEGER NOT NULL DEFAULT 0,
    "checksum" BYTEA NOT NULL DEFAULT '\x',
    "reached" INTEGER NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "upload_id" TEXT,
    "parts" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "sealed" BOOLEAN NOT NULL DEFAULT false,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "holder" TEXT,
    "lease_until" TIMESTAMPTZ(6),
    "error_code" TEXT,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(6),

    CONSTRAINT "export_pkey" PRIMARY KEY ("collection_id","id")
);

-- By hand: rules, and what those need who look for exports that nobody works on any more.
ALTER TABLE "concord"."export" ADD CONSTRAINT "export_state"
    CHECK ("state" IN ('waiting', 'running', 'complete', 'failed'));
CREATE INDEX "export_unfinished_idx" ON "concord"."export" ("collection_id") WHERE finished_at IS NULL;

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_ingest', 'SELECT, INSERT, UPDATE, DELETE', 'concord.export'),
    ('concord_search', 'SELECT', 'concord.export');

SELECT concord.set_up_roles();
