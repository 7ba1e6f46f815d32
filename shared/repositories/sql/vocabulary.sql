-- The words of a collection as they are written, for words that are mistyped or not finished.

-- name: add_words
-- Those that are new, each with the term it is indexed under. Numbers, addresses and stop words are no words.
WITH written AS MATERIALIZED (
    SELECT s.lexeme COLLATE "C" AS word, count(*)::int AS occurrences
    FROM unnest(%(texts)s::text[]) AS x (text)
    CROSS JOIN LATERAL unnest(to_tsvector('simple', concord.readable_text(x.text))) s
    GROUP BY s.lexeme
), missing AS MATERIALIZED (
    SELECT w.word, w.occurrences FROM written w
    -- What is compared byte by byte knows no other letters than those of ASCII.
    WHERE length(w.word) BETWEEN 2 AND 60 AND w.word !~ '[[:punct:][:space:]]' AND w.word ~ '[^0-9]'
        -- Word by word through keys, here and below: a join takes a new collection for an empty one, and reads all of
        -- it for each word.
        AND (SELECT k.term_id FROM concord.keyword_word k
             WHERE k.collection_id = %(collection_id)s AND k.word = w.word) IS NULL
)
INSERT INTO concord.keyword_word (collection_id, word, term_id, letters, fragments, occurrences)
SELECT %(collection_id)s, m.word, t.id, concord.letters_of(m.word),
       concord.fragments_of_word(%(collection_id)s, m.word), m.occurrences
FROM missing m
CROSS JOIN LATERAL (SELECT a.term FROM concord.analyze(%(language)s, m.word) a ORDER BY a.term LIMIT 1) a
CROSS JOIN LATERAL (
    SELECT t.id FROM concord.keyword_term t WHERE t.collection_id = %(collection_id)s AND t.term = a.term COLLATE "C"
    OFFSET 0
) t
ON CONFLICT DO NOTHING;

-- name: forget_words
-- Words of those terms that are left without any posting. A document that has them again brings them again.
WITH emptied AS MATERIALIZED (
    SELECT t.id FROM unnest(%(term_ids)s::int[]) AS t (id)
    WHERE NOT EXISTS (
        SELECT FROM concord.keyword_block b WHERE b.collection_id = %(collection_id)s AND b.term_id = t.id)
)
DELETE FROM concord.keyword_word w USING emptied e
WHERE w.collection_id = %(collection_id)s AND w.term_id = e.id;

-- name: suggest_queries
-- What a query may become, and documents with that in their titles; no row when there is no such collection. Its last
-- word becomes words that begin so or, where none does, words that it may be meant for, each with how many documents
-- have it beside the words before. Of those, too, what no document has is corrected.
WITH target AS MATERIALIZED (
    SELECT id, language FROM concord.collection WHERE id = concord.collection_named(%(collection)s)
), typed AS MATERIALIZED (
    SELECT (
        SELECT v.lexeme FROM unnest(concord.text_vector('simple', %(typed)s)) v
        ORDER BY v.positions[cardinality(v.positions)] DESC, v.lexeme LIMIT 1
    ) AS word
), earlier AS MATERIALIZED (
    SELECT w.place, m.word AS correction, coalesce(m.term_id, k.id) AS term_id
    FROM target t
    CROSS JOIN unnest(%(earlier)s::text[]) WITH ORDINALITY AS w (text, place)
    CROSS JOIN LATERAL concord.analyze(t.language, w.text) a
    LEFT JOIN LATERAL (
        SELECT id FROM /*known_term*/ concord.keyword_term /*end*/
        WHERE collection_id = t.id AND term = a.term COLLATE "C" OFFSET 0
    ) k ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(b.posting_count), 0) > 0 AS is_known FROM /*block*/ concord.keyword_block /*end*/ b
        WHERE b.collection_id = t.id AND b.term_id = k.id
    ) f
    LEFT JOIN LATERAL (
        SELECT s.word, s.term_id
        FROM concord.similar_words(t.id, CASE WHEN f.is_known THEN '' ELSE (
                 SELECT coalesce(min(v.term), '') FROM concord.analyze('simple', w.text) v) END) s
        LIMIT 1
    ) m ON true
), beside AS MATERIALIZED (
    SELECT p.index_number
    FROM (
        SELECT unnest(b.index_numbers) AS index_number
        FROM (SELECT DISTINCT term_id FROM earlier) e
        CROSS JOIN LATERAL (
            SELECT index_numbers FROM /*block*/ concord.keyword_block /*end*/
            WHERE collection_id = (SELECT id FROM target) AND term_id = e.term_id OFFSET 0
        ) b
    ) p
    WHERE NOT p.index_number IN (
        SELECT r.index_number FROM concord.keyword_retired r WHERE r.collection_id = (SELECT id FROM target))
    GROUP BY p.index_number
    HAVING count(*) = (SELECT count(*) FROM (SELECT DISTINCT term_id FROM earlier) e)
), completion AS MATERIALIZED (
    SELECT c.word, c.term_id, c.documents, 0 AS edits
    FROM target t CROSS JOIN typed CROSS JOIN LATERAL concord.completing_words(t.id, typed.word, %(looked_at)s) c
), correction AS MATERIALIZED (
    SELECT c.word, c.term_id, c.documents, c.edits
    FROM target t CROSS JOIN typed CROSS JOIN LATERAL concord.similar_words(
        t.id, CASE WHEN EXISTS (SELECT FROM completion) THEN '' ELSE coalesce(typed.word, '') END) c
), counted AS (
    SELECT w.word, w.term_id, w.edits, CASE WHEN NOT EXISTS (SELECT FROM earlier) THEN w.documents ELSE (
               SELECT count(*) FROM (
                   SELECT unnest(b.index_numbers) AS index_number FROM /*block*/ concord.keyword_block /*end*/ b
                   WHERE b.collection_id = (SELECT id FROM target) AND b.term_id = w.term_id AND b.posting_count > 0
                   OFFSET 0
               ) p
               WHERE p.index_number IN (SELECT index_number FROM beside)
           ) END AS documents
    FROM (SELECT * FROM completion UNION ALL SELECT * FROM correction) w
), suggested AS MATERIALIZED (
    SELECT word, term_id, documents, row_number() OVER (ORDER BY edits, documents DESC, word) AS place
    FROM counted WHERE documents > 0
    ORDER BY place LIMIT %(limit)s
), sought AS MATERIALIZED (
    SELECT DISTINCT term_id, term_id AS part, 0 AS place FROM earlier
    UNION ALL
    SELECT term_id, 0, place FROM suggested
), titled AS MATERIALIZED (
    -- Likelier completions first; of very many titles some are enough.
    SELECT p.index_number
    FROM (
        SELECT s.part, s.place, unnest(b.index_numbers) AS index_number, unnest(b.title_frequencies) AS frequency
        FROM sought s
        CROSS JOIN LATERAL (
            SELECT index_numbers, title_frequencies FROM /*block*/ concord.keyword_block /*end*/
            WHERE collection_id = (SELECT id FROM target) AND term_id = s.term_id AND title_frequencies IS NOT NULL
            OFFSET 0
        ) b
        WHERE EXISTS (SELECT FROM suggested)
        OFFSET 0
    ) p
    WHERE p.frequency > 0
    GROUP BY p.index_number
    HAVING count(DISTINCT p.part) = (SELECT count(DISTINCT part) FROM sought)
    ORDER BY min(p.place) FILTER (WHERE p.part = 0), p.index_number LIMIT 200
), named AS (
    SELECT d.id, d.title, d.url
    FROM titled n JOIN concord.document d ON d.collection_id = (SELECT id FROM target) AND d.index_number = n.index_number
    ORDER BY length(d.title), d.id LIMIT %(shown_documents)s
)
SELECT coalesce(typed.word, '') AS typed,
       (SELECT coalesce(jsonb_object_agg(place, correction), '{}') FROM earlier WHERE correction IS NOT NULL)
           AS corrections,
       (SELECT coalesce(json_agg(json_build_array(word, documents) ORDER BY place), '[]') FROM suggested) AS words,
       (SELECT coalesce(json_agg(n), '[]') FROM named n) AS documents, target.id AS collection_id,
       concord.gone(target.id) AS gone
FROM target CROSS JOIN typed;
