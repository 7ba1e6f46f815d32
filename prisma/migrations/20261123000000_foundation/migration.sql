-- Written by `prisma migrate dev --create-only`; then by hand: the extension, COLLATE "C" on keys that are
-- compared byte by byte, the partitioning of "embedding", and everything below "By hand".

CREATE EXTENSION IF NOT EXISTS vector;

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "concord";

-- CreateEnum
CREATE TYPE "concord"."embedding_state" AS ENUM ('pending', 'ready', 'failed');

-- CreateTable
CREATE TABLE "concord"."embedding_space" (
    "id" SERIAL NOT NULL,
    "model" TEXT NOT NULL,
    "dimensions" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "embedding_space_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "concord"."collection" (
    "id" SERIAL NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "language" TEXT NOT NULL DEFAULT 'english',
    "space_id" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(6),

    CONSTRAINT "collection_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "concord"."metadata_field" (
    "collection_id" INTEGER NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "metadata_field_pkey" PRIMARY KEY ("collection_id","name")
);

-- CreateTable
CREATE TABLE "concord"."document" (
    "collection_id" INTEGER NOT NULL,
    "id" TEXT COLLATE "C" NOT NULL,
    "number" INTEGER NOT NULL,
    "index_number" INTEGER NOT NULL,
    "title" TEXT,
    "body" TEXT NOT NULL,
    "url" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "content_hash" BYTEA NOT NULL,
    "text_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "document_pkey" PRIMARY KEY ("collection_id","id")
);

-- CreateTable
CREATE TABLE "concord"."chunk" (
    "collection_id" INTEGER NOT NULL,
    "id" BIGSERIAL NOT NULL,
    "document_number" INTEGER NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "span_start" INTEGER NOT NULL,
    "span_end" INTEGER NOT NULL,
    "page" INTEGER,
    "heading_path" TEXT[],
    "embedded_hash" BYTEA NOT NULL,
    "term_ids" INTEGER[],
    "term_counts" SMALLINT[],

    CONSTRAINT "chunk_pkey" PRIMARY KEY ("collection_id","id")
);

-- CreateTable
CREATE TABLE "concord"."embedding" (
    "space_id" INTEGER NOT NULL,
    "collection_id" INTEGER NOT NULL,
    "document_number" INTEGER NOT NULL,
    "chunk_id" BIGINT NOT NULL,
    "vector" halfvec NOT NULL,

    CONSTRAINT "embedding_pkey" PRIMARY KEY ("space_id","collection_id","document_number","chunk_id")
) PARTITION BY LIST ("space_id");

-- CreateTable
CREATE TABLE "concord"."embedding_job" (
    "collection_id" INTEGER NOT NULL,
    "document_number" INTEGER NOT NULL,
    "index_number" INTEGER NOT NULL,
    "state" "concord"."embedding_state" NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "claimed_until" TIMESTAMPTZ(6),
    "error" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "embedding_job_pkey" PRIMARY KEY ("collection_id","document_number")
);

-- CreateTable
CREATE TABLE "concord"."keyword_term" (
    "collection_id" INTEGER NOT NULL,
    "term" TEXT COLLATE "C" NOT NULL,
    "id" SERIAL NOT NULL,

    CONSTRAINT "keyword_term_pkey" PRIMARY KEY ("collection_id","term")
);

-- CreateTable
CREATE TABLE "concord"."keyword_block" (
    "collection_id" INTEGER NOT NULL,
    "term_id" INTEGER NOT NULL,
    "block" INTEGER NOT NULL,
    "posting_count" SMALLINT NOT NULL,
    "index_numbers" INTEGER[],
    "frequencies" SMALLINT[],
    "lengths" INTEGER[],

    CONSTRAINT "keyword_block_pkey" PRIMARY KEY ("collection_id","term_id","block")
);

-- CreateTable
CREATE TABLE "concord"."keyword_retired" (
    "collection_id" INTEGER NOT NULL,
    "index_number" INTEGER NOT NULL,

    CONSTRAINT "keyword_retired_pkey" PRIMARY KEY ("collection_id","index_number")
);

-- CreateTable
CREATE TABLE "concord"."keyword_statistic" (
    "collection_id" INTEGER NOT NULL,
    "id" BIGSERIAL NOT NULL,
    "documents" INTEGER NOT NULL,
    "chunks" INTEGER NOT NULL,
    "length" BIGINT NOT NULL,

    CONSTRAINT "keyword_statistic_pkey" PRIMARY KEY ("collection_id","id")
);

-- CreateIndex
CREATE UNIQUE INDEX "embedding_space_model_dimensions_key" ON "concord"."embedding_space"("model", "dimensions");

-- CreateIndex
CREATE UNIQUE INDEX "document_collection_id_number_key" ON "concord"."document"("collection_id", "number");

-- CreateIndex
CREATE UNIQUE INDEX "document_collection_id_index_number_key" ON "concord"."document"("collection_id", "index_number");

-- CreateIndex
CREATE INDEX "chunk_collection_id_document_number_ordinal_idx" ON "concord"."chunk"("collection_id", "document_number", "ordinal");

-- AddForeignKey
ALTER TABLE "concord"."collection" ADD CONSTRAINT "collection_space_id_fkey" FOREIGN KEY ("space_id") REFERENCES "concord"."embedding_space"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "concord"."metadata_field" ADD CONSTRAINT "metadata_field_collection_id_fkey" FOREIGN KEY ("collection_id") REFERENCES "concord"."collection"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "concord"."document" ADD CONSTRAINT "document_collection_id_fkey" FOREIGN KEY ("collection_id") REFERENCES "concord"."collection"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "concord"."chunk" ADD CONSTRAINT "chunk_collection_id_document_number_fkey" FOREIGN KEY ("collection_id", "document_number") REFERENCES "concord"."document"("collection_id", "number") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "concord"."embedding_job" ADD CONSTRAINT "embedding_job_collection_id_document_number_fkey" FOREIGN KEY ("collection_id", "document_number") REFERENCES "concord"."document"("collection_id", "number") ON DELETE CASCADE ON UPDATE RESTRICT;

-- By hand: what Prisma cannot model.

-- A tombstone frees its name.
CREATE UNIQUE INDEX "collection_name_live_idx" ON "concord"."collection" ("name") WHERE "deleted_at" IS NULL;
CREATE INDEX "collection_tombstone_idx" ON "concord"."collection" ("deleted_at") WHERE "deleted_at" IS NOT NULL;
CREATE INDEX "embedding_job_due_idx" ON "concord"."embedding_job" ("created_at") WHERE "state" = 'pending';

-- A block of 512 postings (5 KB) stays on one page: scoring reads whole blocks.
ALTER TABLE "concord"."keyword_block"
    ALTER COLUMN "index_numbers" SET STORAGE PLAIN,
    ALTER COLUMN "frequencies" SET STORAGE PLAIN,
    ALTER COLUMN "lengths" SET STORAGE PLAIN,
    SET (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- Keyword analysis, for every writer and every query: normalise, split, drop stop words, stem, count.
CREATE FUNCTION "concord"."analyze"("language" text, "content" text)
RETURNS TABLE ("term" text, "frequency" integer)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT lexeme, cardinality(positions)
    FROM unnest(to_tsvector("language"::regconfig, normalize("content", NFKC)))
$$;

-- Partitions of "embedding", one per embedding space, out of sight of Prisma's introspection.
CREATE SCHEMA "concord_embedding";

-- Returns the id of the space of this model and these dimensions, making it when there is none:
-- a partition that refuses vectors of another size.
CREATE FUNCTION "concord"."open_embedding_space"("wanted_model" text, "wanted_dimensions" integer)
RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    space integer;
BEGIN
    SELECT id INTO space FROM concord.embedding_space
    WHERE model = wanted_model AND dimensions = wanted_dimensions;
    IF FOUND THEN
        RETURN space;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('concord.embedding_space'));
    SELECT id INTO space FROM concord.embedding_space
    WHERE model = wanted_model AND dimensions = wanted_dimensions;
    IF FOUND THEN
        RETURN space;
    END IF;
    INSERT INTO concord.embedding_space (model, dimensions)
    VALUES (wanted_model, wanted_dimensions) RETURNING id INTO space;
    EXECUTE format(
        'CREATE TABLE concord_embedding.space_%1$s PARTITION OF concord.embedding
             (CONSTRAINT space_%1$s_dimensions CHECK (vector_dims(vector) = %2$s))
         FOR VALUES IN (%1$s)', space, wanted_dimensions);
    EXECUTE format('ALTER TABLE concord_embedding.space_%s ALTER COLUMN vector SET STORAGE PLAIN', space);
    RETURN space;
END
$$;

-- Gives a space its HNSW index, unless it has one; returns whether it was made. Writers of vectors wait meanwhile.
CREATE FUNCTION "concord"."index_embedding_space"("space" integer)
RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    IF to_regclass(format('concord_embedding.space_%s_vector_idx', space)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format(
        'CREATE INDEX space_%1$s_vector_idx ON concord_embedding.space_%1$s
         USING hnsw ((vector::halfvec(%2$s)) halfvec_ip_ops)',
        space, (SELECT dimensions FROM concord.embedding_space WHERE id = space));
    RETURN true;
END
$$;
