-- CreateTable
CREATE TABLE "concord"."source" (
    "collection_id" INTEGER NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "kind" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "schedule_seconds" INTEGER,
    "settings" JSONB NOT NULL DEFAULT '{}',
    "state" TEXT NOT NULL DEFAULT 'active',
    "next_due_at" TIMESTAMPTZ(6) DEFAULT CURRENT_TIMESTAMP,
    "claimed_until" TIMESTAMPTZ(6),
    "run" INTEGER NOT NULL DEFAULT 0,
    "batch" INTEGER NOT NULL DEFAULT 0,
    "lost" INTEGER NOT NULL DEFAULT 0,
    "listed_run" INTEGER NOT NULL DEFAULT 0,
    "listing_is_whole" BOOLEAN NOT NULL DEFAULT false,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,
    "etag" TEXT,
    "last_modified" TEXT,
    "content_hash" TEXT,
    "deletions" INTEGER NOT NULL DEFAULT 0,
    "approved_deletions" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "source_pkey" PRIMARY KEY ("collection_id","id")
);

-- CreateTable
CREATE TABLE "concord"."source_item" (
    "collection_id" INTEGER NOT NULL,
    "source_id" TEXT COLLATE "C" NOT NULL,
    "key" TEXT COLLATE "C" NOT NULL,
    "url" TEXT NOT NULL,
    "document_id" TEXT COLLATE "C" NOT NULL,
    "title" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "etag" TEXT,
    "last_modified" TEXT,
    "content_hash" TEXT,
    "seen_run" INTEGER NOT NULL,
    "pending_run" INTEGER,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "next_try_at" TIMESTAMPTZ(6),
    "error" TEXT,
    "checked_at" TIMESTAMPTZ(6),
    "changed_at" TIMESTAMPTZ(6),

    CONSTRAINT "source_item_pkey" PRIMARY KEY ("collection_id","source_id","key")
);

-- CreateTable
CREATE TABLE "concord"."source_run" (
    "collection_id" INTEGER NOT NULL,
    "source_id" TEXT COLLATE "C" NOT NULL,
    "number" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(6),
    "listed" INTEGER NOT NULL DEFAULT 0,
    "fetched" INTEGER NOT NULL DEFAULT 0,
    "not_modified" INTEGER NOT NULL DEFAULT 0,
    "changed" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "deleted" INTEGER NOT NULL DEFAULT 0,
    "error" TEXT,

    CONSTRAINT "source_run_pkey" PRIMARY KEY ("collection_id","source_id","number")
);

-- AddForeignKey
ALTER TABLE "concord"."source" ADD CONSTRAINT "source_collection_id_fkey" FOREIGN KEY ("collection_id") REFERENCES "concord"."collection"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "concord"."source_item" ADD CONSTRAINT "source_item_collection_id_source_id_fkey" FOREIGN KEY ("collection_id", "source_id") REFERENCES "concord"."source"("collection_id", "id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "concord"."source_run" ADD CONSTRAINT "source_run_collection_id_source_id_fkey" FOREIGN KEY ("collection_id", "source_id") REFERENCES "concord"."source"("collection_id", "id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- By hand. The next items of a run, and those that fail, without reading all of a source's.
CREATE INDEX "source_item_pending_idx" ON "concord"."source_item" ("collection_id", "source_id", "key")
    WHERE "pending_run" IS NOT NULL;
CREATE INDEX "source_item_failing_idx" ON "concord"."source_item" ("collection_id", "source_id", "key")
    WHERE "error" IS NOT NULL;

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_search', 'SELECT', 'concord.source'),
    ('concord_search', 'SELECT', 'concord.source_item'),
    ('concord_search', 'SELECT', 'concord.source_run'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE, DELETE', 'concord.source'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE, DELETE', 'concord.source_item'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE, DELETE', 'concord.source_run');
SELECT concord.set_up_roles();
