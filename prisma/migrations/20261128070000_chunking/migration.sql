-- How the documents of a collection become chunks.

-- AlterTable
ALTER TABLE "concord"."collection" ADD COLUMN "chunking" TEXT NOT NULL DEFAULT 'headings';

-- By hand.
ALTER TABLE "concord"."collection" ADD CONSTRAINT "collection_chunking" CHECK ("chunking" IN ('headings', 'whole'));
