-- By hand: Prisma cannot model an index of an expression.

-- Words of a beginning are read from the shortest on, as far as they are looked at.
-- Collection and length are one number: an index that begins with the collection alone would look as good as the key
-- to a planner that has not heard of a new collection, which then reads all of it for each word that is added.
CREATE INDEX "keyword_word_length_idx" ON "concord"."keyword_word"
    (("collection_id"::bigint * 64 + length("word")), "word");

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
            SELECT k.word, k.term_id, k.occurrences
            FROM generate_series(length("typed"), 60) AS size
            CROSS JOIN LATERAL (
                SELECT k.word, k.term_id, k.occurrences FROM concord.keyword_word k
                WHERE k.collection_id::bigint * 64 + length(k.word) = "collection"::bigint * 64 + size
                    AND k.word >= "typed" COLLATE "C" AND k.word < ("typed" || U&'\+10FFFF') COLLATE "C"
                ORDER BY k.word LIMIT 1000
            ) k
            LIMIT 1000
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
