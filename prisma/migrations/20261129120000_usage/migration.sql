-- What principals have used, a row a day, and how many documents a collection may have.

-- CreateTable
CREATE TABLE "concord"."usage" (
    "day" DATE NOT NULL,
    "principal" TEXT COLLATE "C" NOT NULL,
    "searches" BIGINT NOT NULL DEFAULT 0,
    "embedded_queries" BIGINT NOT NULL DEFAULT 0,
    "embedded_tokens" BIGINT NOT NULL DEFAULT 0,
    "documents_written" BIGINT NOT NULL DEFAULT 0,
    "last_used_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "usage_pkey" PRIMARY KEY ("day","principal")
);

-- CreateTable
CREATE TABLE "concord"."usage_report" (
    "id" UUID NOT NULL,
    "received_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "usage_report_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "usage_report_received_at_idx" ON "concord"."usage_report"("received_at");

-- AlterTable
ALTER TABLE "concord"."collection" ADD COLUMN "max_documents" INTEGER;

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_search', 'SELECT', 'concord.usage'),
    -- Budgets of writers, where no Redis counts.
    ('concord_ingest', 'SELECT', 'concord.usage'),
    ('concord_maintenance', 'SELECT, INSERT, UPDATE', 'concord.usage'),
    ('concord_maintenance', 'SELECT, INSERT, DELETE', 'concord.usage_report');

SELECT concord.set_up_roles();
