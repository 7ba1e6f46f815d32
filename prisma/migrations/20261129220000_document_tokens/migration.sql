-- What workers embed of documents is counted for whoever wrote them; when keys were used last; usage has an end.

-- AlterTable
ALTER TABLE "concord"."embedding_job" ADD COLUMN "principal" TEXT COLLATE "C";

-- AlterTable
ALTER TABLE "concord"."usage" ADD COLUMN "document_tokens" BIGINT NOT NULL DEFAULT 0;

-- By hand.

UPDATE "concord"."role_grant" SET "privileges" = 'SELECT, INSERT (day, principal, document_tokens), UPDATE (document_tokens)'
WHERE "role" = 'concord_ingest' AND "object" = 'concord.usage';
UPDATE "concord"."role_grant" SET "privileges" = 'SELECT, INSERT, UPDATE, DELETE'
WHERE "role" = 'concord_maintenance' AND "object" = 'concord.usage';
-- When a key was used last, and nothing else of keys.
INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_maintenance', 'SELECT (id, last_used_at), UPDATE (last_used_at)', 'concord.api_key');
SELECT concord.set_up_roles();
