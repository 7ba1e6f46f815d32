-- Written by `prisma migrate dev --create-only`. A table of its own, as releases before this one read whole
-- rows of "collection".

-- CreateTable
CREATE TABLE "concord"."collection_settings" (
    "collection_id" INTEGER NOT NULL,
    "settings" JSONB NOT NULL,

    CONSTRAINT "collection_settings_pkey" PRIMARY KEY ("collection_id")
);

-- AddForeignKey
ALTER TABLE "concord"."collection_settings" ADD CONSTRAINT "collection_settings_collection_id_fkey" FOREIGN KEY ("collection_id") REFERENCES "concord"."collection"("id") ON DELETE CASCADE ON UPDATE RESTRICT;
