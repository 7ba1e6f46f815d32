-- What of a document is embedded with a chunk of it, and in which order.

-- AlterTable
ALTER TABLE "concord"."collection"
    ADD COLUMN "embedding_template" TEXT[] NOT NULL DEFAULT ARRAY['title', 'headings', 'text']::TEXT[];
