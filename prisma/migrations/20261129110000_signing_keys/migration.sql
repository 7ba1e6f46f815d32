-- Public keys of the issuer of JWTs, as jwks_fetch found them: what verifies a token is here before the token is.

-- CreateTable
CREATE TABLE "concord"."signing_key" (
    "issuer" TEXT COLLATE "C" NOT NULL,
    "kid" TEXT COLLATE "C" NOT NULL,
    "algorithm" TEXT NOT NULL,
    "jwk" JSONB NOT NULL,
    "fetched_at" TIMESTAMPTZ(6) NOT NULL,
    "vanished_at" TIMESTAMPTZ(6),

    CONSTRAINT "signing_key_pkey" PRIMARY KEY ("issuer","kid")
);

-- By hand.
INSERT INTO "concord"."role_grant" ("role", "privileges", "object") VALUES
    ('concord_search', 'SELECT', 'concord.signing_key'),
    ('concord_ingest', 'SELECT, INSERT, UPDATE, DELETE', 'concord.signing_key');
SELECT concord.set_up_roles();
