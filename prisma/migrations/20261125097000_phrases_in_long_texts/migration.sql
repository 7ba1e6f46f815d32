-- By hand: what Prisma cannot model.

-- Whether a title or a body has these words one after the other. A vector of words knows 16,383 places, 256 of each
-- word and one megabyte; of a longer body parts are looked at, which overlap by more than the phrase. What a part cuts
-- off a word is left out of it. Parts are taken from larger ones, as each substr() walks over all that is before it.
CREATE OR REPLACE FUNCTION "concord"."has_phrase"("language" text, "phrase" text, "title" text, "body" text)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT coalesce(concord.text_vector("language", "title") @@ p.query, false) OR CASE
        WHEN length("body") <= 3000 THEN coalesce(concord.text_vector("language", "body") @@ p.query, false)
        ELSE EXISTS (
            SELECT FROM generate_series(0, length("body") - 1, 50 * p.step) AS o (start)
            CROSS JOIN LATERAL (
                SELECT substr("body", o.start + 1, 50 * p.step + p.overlap) AS text OFFSET 0
            ) larger
            CROSS JOIN LATERAL generate_series(0, least(length(larger.text), 50 * p.step) - 1, p.step) AS i (start)
            CROSS JOIN LATERAL (
                SELECT concord.readable_text(substr(larger.text, i.start + 1, p.step + p.overlap)) AS text OFFSET 0
            ) part
            CROSS JOIN LATERAL (
                SELECT CASE WHEN o.start + i.start > 0 THEN regexp_replace(part.text, '^\S+', '') ELSE part.text END AS text
                OFFSET 0
            ) begun
            WHERE to_tsvector("language"::regconfig,
                CASE WHEN o.start + i.start + p.step + p.overlap < length("body")
                     THEN regexp_replace(begun.text, '\S+$', '') ELSE begun.text END) @@ p.query
        ) END
    FROM (
        SELECT phraseto_tsquery("language"::regconfig, concord.readable_text("phrase")) AS query,
               greatest(2000, 4 * length("phrase")) AS step, greatest(1000, 4 * length("phrase")) AS overlap
    ) p
$$;
