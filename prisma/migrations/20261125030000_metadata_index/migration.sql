-- Filters by equality find few among many documents without reading each one's metadata.
CREATE INDEX "document_metadata_idx" ON "concord"."document" USING GIN ("metadata" jsonb_path_ops);
