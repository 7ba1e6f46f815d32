-- API keys. infra/decisions/0028-api-keys.md tells why they are stored as they are.

-- CreateTable
CREATE TABLE "concord"."api_key" (
    "id" TEXT COLLATE "C" NOT NULL,
    "hash" BYTEA NOT NULL,
    "sealed_token_key" BYTEA NOT NULL,
    "description" TEXT NOT NULL,
    "actions" TEXT[],
    "collections" TEXT[],
    "readers" TEXT[],
    "limits" JSONB,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT now(),
    "created_by" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(6),
    "revoked_at" TIMESTAMPTZ(6),
    "replaced_by" TEXT,
    "last_used_at" TIMESTAMPTZ(6),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- By hand.

INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    -- What a check of a key needs, and nothing of the others.
    ('concord_search', 'SELECT (id, hash, sealed_token_key, actions, collections, readers, limits, expires_at, revoked_at)', 'concord.api_key'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE (expires_at, revoked_at, replaced_by)', 'concord.api_key');
SELECT concord.set_up_roles();
