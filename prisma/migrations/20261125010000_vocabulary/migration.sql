-- Written by `prisma migrate dev --create-only`; then by hand: COLLATE "C" on what is compared byte by byte, and
-- everything below "By hand".

-- CreateTable
CREATE TABLE "concord"."keyword_word" (
    "collection_id" INTEGER NOT NULL,
    "word" TEXT COLLATE "C" NOT NULL,
    "term_id" INTEGER NOT NULL,
    "length" SMALLINT NOT NULL,
    "letters" INTEGER NOT NULL,
    "pairs" BIGINT NOT NULL,

    CONSTRAINT "keyword_word_pkey" PRIMARY KEY ("collection_id","word")
);

-- By hand: what Prisma cannot model.

-- Similar words are looked for among those of about the same length, in the index alone.
CREATE INDEX "keyword_word_shape_idx" ON "concord"."keyword_word" ("collection_id", "length")
    INCLUDE ("letters", "pairs", "word", "term_id");

-- Which letters a word has, a bit for each of a to z; other characters share six.
CREATE FUNCTION "concord"."letters_of"("word" text)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(bit_or(1 << CASE WHEN c BETWEEN 'a' AND 'z' THEN ascii(c) - 97 ELSE 26 + ascii(c) % 6 END), 0)
    FROM unnest(string_to_array("word", NULL) COLLATE "C") AS c
$$;

-- Which letters follow each other in a word, hashed to a bit of 64.
CREATE FUNCTION "concord"."pairs_of"("word" text)
RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(bit_or(1::bigint << (ascii(substr("word", i, 1)) * 31 + ascii(substr("word", i + 1, 1))) % 64), 0)
    FROM generate_series(1, length("word") - 1) AS i
$$;

-- How many letters to insert, delete, replace or exchange with a neighbour make one word of the other, each letter
-- touched once (optimal string alignment); more than `most` count as one more. What both begin with is never touched,
-- so that for few edits few alignments are tried.
CREATE FUNCTION "concord"."edits_between"("one" text, "other" text, "most" integer)
RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    place integer := 1;
    shorter integer := least(length(one), length(other));
    a text;
    b text;
    fewest integer := most + 1;
BEGIN
    IF one = other THEN
        RETURN 0;
    ELSIF abs(length(one) - length(other)) > most OR most = 0 THEN
        RETURN fewest;
    END IF;
    WHILE place <= shorter AND substr(one, place, 1) = substr(other, place, 1) LOOP
        place := place + 1;
    END LOOP;
    a := substr(one, place + 1);
    b := substr(other, place + 1);
    IF place > shorter THEN
        RETURN greatest(length(one), length(other)) - shorter;
    END IF;
    fewest := 1 + concord.edits_between(a, b, most - 1);
    IF fewest > 1 THEN
        fewest := least(fewest, 1 + concord.edits_between(a, substr(other, place), fewest - 2));
    END IF;
    IF fewest > 1 THEN
        fewest := least(fewest, 1 + concord.edits_between(substr(one, place), b, fewest - 2));
    END IF;
    IF fewest > 1 AND left(a, 1) = substr(other, place, 1) AND left(b, 1) = substr(one, place, 1) THEN
        fewest := least(fewest, 1 + concord.edits_between(substr(a, 2), substr(b, 2), fewest - 2));
    END IF;
    RETURN fewest;
END
$$;

-- Words of a collection that a mistyped word may be meant for: those it becomes with one mistake from 4 letters on, or
-- two from 8, of which the nearest. An edit takes at most one letter from a word and gives it one; where the letters
-- stay the same it breaks at most three pairs, else two. That leaves few words to compare letter by letter.
CREATE FUNCTION "concord"."similar_words"("collection" integer, "typed" text)
RETURNS TABLE ("word" text, "term_id" integer, "edits" integer, "documents" bigint)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    size integer := length(typed);
    most integer := CASE WHEN size < 4 OR typed ~ '[0-9]' THEN 0 WHEN size < 8 THEN 1 ELSE 2 END;
    typed_letters integer := concord.letters_of(typed);
    typed_pairs bigint := concord.pairs_of(typed);
BEGIN
    IF most = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH alike AS MATERIALIZED (
        SELECT k.word, k.term_id AS id, k.pairs,
               bit_count((k.letters & ~typed_letters)::bit(32)) AS given,
               bit_count((typed_letters & ~k.letters)::bit(32)) AS taken
        FROM concord.keyword_word k
        WHERE k.collection_id = collection AND k.length BETWEEN size - most AND size + most
            AND bit_count((k.letters & ~typed_letters)::bit(32)) <= most
    ), near AS MATERIALIZED (
        SELECT c.word, c.id, concord.edits_between(typed, c.word, most) AS edits
        FROM (
            SELECT a.word, a.id FROM alike a
            WHERE a.taken <= most
                AND greatest(bit_count((typed_pairs & ~a.pairs)::bit(64)), bit_count((a.pairs & ~typed_pairs)::bit(64)))
                    <= 3 * most - greatest(a.given, a.taken)
            OFFSET 0
        ) c
    ), there AS MATERIALIZED (
        SELECT n.word, n.id, n.edits, d.documents
        FROM near n
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(b.posting_count), 0) AS documents FROM concord.keyword_block b
            WHERE b.collection_id = collection AND b.term_id = n.id
        ) d
        WHERE n.edits BETWEEN 1 AND most AND d.documents > 0
    )
    SELECT t.word, t.id, t.edits, t.documents FROM there t
    WHERE t.edits = (SELECT min(m.edits) FROM there m)
    ORDER BY t.documents DESC, t.word LIMIT 10;
END
$$;

-- Words of a collection that begin with what was typed, those in most documents first. Of very many the first by
-- letter are looked at.
CREATE FUNCTION "concord"."completing_words"("collection" integer, "typed" text, "most" integer)
RETURNS TABLE ("word" text, "term_id" integer, "documents" bigint)
LANGUAGE sql STABLE
AS $$
    SELECT w.word, w.term_id, d.documents
    FROM (
        SELECT k.word, k.term_id FROM concord.keyword_word k
        WHERE k.collection_id = "collection"
            AND k.word >= "typed" COLLATE "C" AND k.word < ("typed" || U&'\+10FFFF') COLLATE "C"
        ORDER BY k.word LIMIT 1000
    ) w
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(b.posting_count), 0) AS documents FROM concord.keyword_block b
        WHERE b.collection_id = "collection" AND b.term_id = w.term_id
    ) d
    WHERE d.documents > 0
    ORDER BY d.documents DESC, w.word LIMIT "most"
$$;

-- The terms of a collection that a word nobody wrote may stand for, and how much each counts.
CREATE FUNCTION "concord"."expand_word"("collection" integer, "language" text, "typed" text, "typos" boolean, "prefix" boolean)
RETURNS TABLE ("term" text, "term_id" integer, "weight" float8)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN QUERY
    SELECT min(a.term), f.id, max(f.worth)
    FROM (
        SELECT c.word, c.term_id AS id, 0.9::float8 AS worth
        FROM concord.completing_words(collection, typed, 50) c
        WHERE prefix AND length(typed) > 1 AND c.word <> typed
        UNION ALL
        SELECT s.word, s.term_id, CASE WHEN s.edits = 1 THEN 0.8 ELSE 0.6 END
        FROM concord.similar_words(collection, typed) s
        WHERE typos
    ) f
    CROSS JOIN LATERAL (SELECT t.term FROM concord.analyze(language, f.word) t ORDER BY t.term LIMIT 1) a
    GROUP BY f.id;
END
$$;
