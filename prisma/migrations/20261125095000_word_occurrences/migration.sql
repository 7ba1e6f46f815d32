-- Written by `prisma migrate dev --create-only`; then by hand: everything below "By hand".

-- AlterTable
ALTER TABLE "concord"."keyword_word" ADD COLUMN     "occurrences" INTEGER NOT NULL DEFAULT 1;

-- By hand: what Prisma cannot model.

-- Words of a collection that begin with what was typed, those in most documents first, of each term the one that came
-- with most texts. Of very many the shortest are looked at, which are written most.
CREATE OR REPLACE FUNCTION "concord"."completing_words"("collection" integer, "typed" text, "most" integer)
RETURNS TABLE ("word" text, "term_id" integer, "documents" bigint)
LANGUAGE sql STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT w.word, w.term_id, d.documents
    FROM (
        SELECT (array_agg(s.word ORDER BY s.occurrences DESC, length(s.word), s.word))[1] AS word, s.term_id
        FROM (
            SELECT k.word, k.term_id, k.occurrences FROM concord.keyword_word k
            WHERE k.collection_id = "collection"
                AND k.word >= "typed" COLLATE "C" AND k.word < ("typed" || U&'\+10FFFF') COLLATE "C"
            ORDER BY length(k.word), k.word LIMIT 1000
        ) s
        GROUP BY s.term_id
    ) w
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(b.posting_count), 0) AS documents FROM concord.keyword_block b
        WHERE b.collection_id = "collection" AND b.term_id = w.term_id
    ) d
    WHERE d.documents > 0
    ORDER BY d.documents DESC, w.word LIMIT "most"
$$;
