-- Imports with their errors, and the files that documents were made from.

-- CreateTable
CREATE TABLE "concord"."import" (
    "collection_id" INTEGER NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "format" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "name" TEXT NOT NULL,
    "object_key" TEXT NOT NULL,
    "policy" TEXT NOT NULL DEFAULT 'reject',
    "dry_run" BOOLEAN NOT NULL DEFAULT false,
    "id_field" TEXT,
    "columns" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "run" INTEGER NOT NULL DEFAULT 1,
    "only_failed" BOOLEAN NOT NULL DEFAULT false,
    "created" INTEGER NOT NULL DEFAULT 0,
    "updated" INTEGER NOT NULL DEFAULT 0,
    "unchanged" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "lines" INTEGER NOT NULL DEFAULT 0,
    "bytes_read" BIGINT NOT NULL DEFAULT 0,
    "bytes_total" BIGINT,
    "holder" TEXT,
    "lease_until" TIMESTAMPTZ(6),
    "error_code" TEXT,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(6),

    CONSTRAINT "import_pkey" PRIMARY KEY ("collection_id","id")
);

-- CreateTable
CREATE TABLE "concord"."import_error" (
    "collection_id" INTEGER NOT NULL,
    "import_id" TEXT COLLATE "C" NOT NULL,
    "run" INTEGER NOT NULL,
    "line" INTEGER NOT NULL,
    "document_id" TEXT,
    "code" TEXT NOT NULL,
    "message" TEXT NOT NULL,

    CONSTRAINT "import_error_pkey" PRIMARY KEY ("collection_id","import_id","run","line")
);

-- CreateTable
CREATE TABLE "concord"."document_original" (
    "collection_id" INTEGER NOT NULL,
    "document_number" INTEGER NOT NULL,
    "object_key" TEXT NOT NULL,
    "file_name" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "sha256" BYTEA NOT NULL,

    CONSTRAINT "document_original_pkey" PRIMARY KEY ("collection_id","document_number")
);

-- AddForeignKey
ALTER TABLE "concord"."import" ADD CONSTRAINT "import_collection_id_fkey" FOREIGN KEY ("collection_id") REFERENCES "concord"."collection"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "concord"."import_error" ADD CONSTRAINT "import_error_collection_id_import_id_fkey" FOREIGN KEY ("collection_id", "import_id") REFERENCES "concord"."import"("collection_id", "id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "concord"."document_original" ADD CONSTRAINT "document_original_collection_id_document_number_fkey" FOREIGN KEY ("collection_id", "document_number") REFERENCES "concord"."document"("collection_id", "number") ON DELETE CASCADE ON UPDATE RESTRICT;

-- By hand: rules, and what those need who look for imports that nobody works on any more.
ALTER TABLE "concord"."import" ADD CONSTRAINT "import_state"
    CHECK ("state" IN ('waiting', 'running', 'done', 'failed', 'cancelled'));
CREATE INDEX "import_running_idx" ON "concord"."import" ("lease_until") WHERE state = 'running';

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_ingest', 'SELECT, INSERT, UPDATE', 'concord.import'),
    ('concord_ingest', 'SELECT, INSERT, DELETE', 'concord.import_error'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE', 'concord.document_original'),
    ('concord_search', 'SELECT', 'concord.document_original');

SELECT concord.set_up_roles();
