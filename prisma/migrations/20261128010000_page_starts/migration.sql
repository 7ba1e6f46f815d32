-- Where a document's pages start in its body, in Unicode code points; nothing for one without pages.

-- AlterTable
ALTER TABLE "concord"."document" ADD COLUMN "page_starts" INTEGER[] NOT NULL DEFAULT ARRAY[]::INTEGER[];
