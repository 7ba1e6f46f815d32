-- Written by `prisma migrate dev --create-only`; then by hand: COLLATE "C" on what is compared byte by byte, and
-- everything below "By hand".

-- CreateTable
CREATE TABLE "concord"."keyword_word" (
    "collection_id" INTEGER NOT NULL,
    "word" TEXT COLLATE "C" NOT NULL,
    "term_id" INTEGER NOT NULL,
    "letters" INTEGER NOT NULL,
    "fragments" INTEGER[],

    CONSTRAINT "keyword_word_pkey" PRIMARY KEY ("collection_id","word")
);

-- CreateIndex; a search would read all that is put off.
CREATE INDEX "keyword_word_fragments_idx" ON "concord"."keyword_word" USING GIN ("fragments") WITH (fastupdate = off);

-- By hand: what Prisma cannot model.

-- Which letters a word has, a bit for each of a to z; other characters share six.
CREATE FUNCTION "concord"."letters_of"("word" text)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(bit_or(1 << CASE WHEN c BETWEEN 'a' AND 'z' THEN ascii(c) - 97 ELSE 26 + ascii(c) % 6 END), 0)
    FROM unnest(string_to_array("word", NULL) COLLATE "C") AS c
$$;

-- Mistyped words are found by the fragments that they share with what was meant: a word of at most seven letters as it
-- is and without each of its letters; of a longer one its two ends, as they are and without each of their letters. There
-- is a letter between the ends, so that two mistakes leave one end as it is, or both with one mistake.

-- The length of a word's ends; 0 for a word that is a fragment itself.
CREATE FUNCTION "concord"."end_length"("length" integer)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN "length" < 8 THEN 0 WHEN "length" < 9 THEN 3 WHEN "length" < 11 THEN 4 ELSE 5 END
$$;

-- What a fragment is looked up by. `salt` tells collections apart, first ends, last ends, and their lengths.
CREATE FUNCTION "concord"."fragment"("salt" bigint, "letters" text)
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT (hashtextextended("letters", "salt") >> 32)::integer
$$;

-- The fragments of at most seven letters: all of them, and all but one.
CREATE FUNCTION "concord"."fragments_of_letters"("salt" bigint, "letters" text)
RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT (ARRAY[
        concord.fragment("salt", "letters"),
        concord.fragment("salt", substr("letters", 2)),
        concord.fragment("salt", left("letters", 1) || substr("letters", 3)),
        concord.fragment("salt", left("letters", 2) || substr("letters", 4)),
        concord.fragment("salt", left("letters", 3) || substr("letters", 5)),
        concord.fragment("salt", left("letters", 4) || substr("letters", 6)),
        concord.fragment("salt", left("letters", 5) || substr("letters", 7)),
        concord.fragment("salt", left("letters", 6))])[:length("letters") + 1]
$$;

-- The fragments by which a word is found; none where a number must not be taken for another.
CREATE FUNCTION "concord"."fragments_of_word"("collection" integer, "word" text)
RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := concord.end_length(length(word));
    salt bigint := collection::bigint * 16;
BEGIN
    IF length(word) < 3 OR word ~ '[0-9]' THEN
        RETURN '{}';
    ELSIF size = 0 THEN
        RETURN concord.fragments_of_letters(salt, word);
    END IF;
    RETURN concord.fragments_of_letters(salt + size, left(word, size))
        || concord.fragments_of_letters(salt + 8 + size, right(word, size));
END
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
    swapped boolean;
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
    IF place > shorter THEN
        RETURN greatest(length(one), length(other)) - shorter;
    END IF;
    one := substr(one, place);
    other := substr(other, place);
    a := substr(one, 2);
    b := substr(other, 2);
    swapped := left(a, 1) = left(other, 1) AND left(b, 1) = left(one, 1);
    IF a = b OR a = other OR one = b OR swapped AND substr(a, 2) = substr(b, 2) THEN
        RETURN 1;
    ELSIF most > 1 THEN
        fewest := 1 + least(
            concord.edits_between(a, b, most - 1), concord.edits_between(a, other, most - 1),
            concord.edits_between(one, b, most - 1),
            CASE WHEN swapped THEN concord.edits_between(substr(a, 2), substr(b, 2), most - 1) END);
    END IF;
    RETURN fewest;
END
$$;

-- The functions below run with their owner's rights: searches see words through them alone.

-- Words of a collection that a mistyped word may be meant for: those it becomes with one mistake from 4 letters on, or
-- two from 8, of which the nearest. A mistake takes at most one letter from a word and gives it one, which leaves few
-- words to compare letter by letter.
CREATE FUNCTION "concord"."similar_words"("collection" integer, "typed" text)
RETURNS TABLE ("word" text, "term_id" integer, "edits" integer, "documents" bigint)
LANGUAGE plpgsql STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    size integer := length(typed);
    most integer := CASE WHEN size < 4 OR typed ~ '[0-9]' THEN 0 WHEN size < 8 THEN 1 ELSE 2 END;
    typed_letters integer := concord.letters_of(typed);
    salt bigint := collection::bigint * 16;
    wholes integer[] := '{}';
    starts integer[] := '{}';
    endings integer[] := '{}';
BEGIN
    IF most = 0 THEN
        RETURN;
    ELSIF most = 1 THEN
        wholes := concord.fragments_of_letters(salt, typed);
    ELSIF size < 10 THEN
        -- Words of at most seven letters, to which two mistakes have given others.
        wholes := ARRAY(
            SELECT concord.fragment(salt, left(o.letters, j - 1) || substr(o.letters, j + 1))
            FROM generate_series(1, size) AS i
            CROSS JOIN LATERAL (SELECT left(typed, i - 1) || substr(typed, i + 1) AS letters) o
            CROSS JOIN generate_series(i, size - 1) AS j);
    END IF;
    FOR ends IN greatest(concord.end_length(size - most), 3) .. concord.end_length(size + most) LOOP
        wholes := wholes || concord.fragment(salt + ends, left(typed, ends))
            || concord.fragment(salt + 8 + ends, right(typed, ends));
        starts := starts || concord.fragments_of_letters(salt + ends, left(typed, ends))
            || concord.fragments_of_letters(salt + ends, left(typed, ends + 1));
        endings := endings || concord.fragments_of_letters(salt + 8 + ends, right(typed, ends))
            || concord.fragments_of_letters(salt + 8 + ends, right(typed, ends + 1));
    END LOOP;
    RETURN QUERY
    WITH near AS MATERIALIZED (
        SELECT c.word, c.term_id AS id, concord.edits_between(typed, c.word, most) AS edits
        FROM (
            SELECT k.word, k.term_id FROM concord.keyword_word k
            WHERE (k.fragments && wholes OR k.fragments && starts AND k.fragments && endings)
                -- Not through the key: the fragments are the collection's already.
                AND k.collection_id + 0 = collection
                AND bit_count((k.letters & ~typed_letters)::bit(32)) <= most
                AND bit_count((typed_letters & ~k.letters)::bit(32)) <= most
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

-- Words of a collection that begin with what was typed, those in most documents first, of each term the shortest. Of
-- very many the shortest are looked at, which are written most.
CREATE FUNCTION "concord"."completing_words"("collection" integer, "typed" text, "most" integer)
RETURNS TABLE ("word" text, "term_id" integer, "documents" bigint)
LANGUAGE sql STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT w.word, w.term_id, d.documents
    FROM (
        SELECT (array_agg(s.word ORDER BY length(s.word), s.word))[1] AS word, s.term_id
        FROM (
            SELECT k.word, k.term_id FROM concord.keyword_word k
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

-- The terms of a collection that a word nobody wrote may stand for, and how much each counts.
CREATE FUNCTION "concord"."expand_word"("collection" integer, "language" text, "typed" text, "typos" boolean, "prefix" boolean)
RETURNS TABLE ("term" text, "term_id" integer, "weight" float8)
LANGUAGE plpgsql STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
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
