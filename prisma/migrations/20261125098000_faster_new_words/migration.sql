-- By hand: what new words cost a write.

-- Which letters a word has, a bit for each of a to z; other characters share six.
CREATE OR REPLACE FUNCTION "concord"."letters_of"("word" text)
RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    IF word COLLATE "C" ~ '^[a-z]*$' THEN
        RETURN least(strpos(word, 'a'), 1) | (least(strpos(word, 'b'), 1) << 1) | (least(strpos(word, 'c'), 1) << 2)
            | (least(strpos(word, 'd'), 1) << 3) | (least(strpos(word, 'e'), 1) << 4) | (least(strpos(word, 'f'), 1) << 5)
            | (least(strpos(word, 'g'), 1) << 6) | (least(strpos(word, 'h'), 1) << 7) | (least(strpos(word, 'i'), 1) << 8)
            | (least(strpos(word, 'j'), 1) << 9) | (least(strpos(word, 'k'), 1) << 10) | (least(strpos(word, 'l'), 1) << 11)
            | (least(strpos(word, 'm'), 1) << 12) | (least(strpos(word, 'n'), 1) << 13) | (least(strpos(word, 'o'), 1) << 14)
            | (least(strpos(word, 'p'), 1) << 15) | (least(strpos(word, 'q'), 1) << 16) | (least(strpos(word, 'r'), 1) << 17)
            | (least(strpos(word, 's'), 1) << 18) | (least(strpos(word, 't'), 1) << 19) | (least(strpos(word, 'u'), 1) << 20)
            | (least(strpos(word, 'v'), 1) << 21) | (least(strpos(word, 'w'), 1) << 22) | (least(strpos(word, 'x'), 1) << 23)
            | (least(strpos(word, 'y'), 1) << 24) | (least(strpos(word, 'z'), 1) << 25);
    END IF;
    RETURN (
        SELECT bit_or(1 << CASE WHEN c BETWEEN 'a' AND 'z' THEN ascii(c) - 97 ELSE 26 + ascii(c) % 6 END)
        FROM unnest(string_to_array(word, NULL) COLLATE "C") AS c);
END
$$;

-- Some words are put off and indexed together; so few that a search, which reads them one by one, does not feel it.
ALTER INDEX "concord"."keyword_word_fragments_idx" SET (fastupdate = on, gin_pending_list_limit = 256);
