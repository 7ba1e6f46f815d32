-- Collections whose vectors come with their documents.

-- AlterTable
ALTER TABLE "concord"."collection" ADD COLUMN "own_vectors" BOOLEAN NOT NULL DEFAULT false;
