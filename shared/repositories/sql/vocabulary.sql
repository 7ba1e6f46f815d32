-- The words of a collection as they are written, for words that are mistyped or not finished.

-- name: add_words
-- Those that are new, each with the term it is indexed under. Numbers, addresses and stop words are no words.
WITH written AS MATERIALIZED (
    SELECT DISTINCT s.lexeme COLLATE "C" AS word
    FROM unnest(%(texts)s::text[]) AS x (text)
    CROSS JOIN LATERAL unnest(to_tsvector('simple', concord.readable_text(x.text))) s
), missing AS MATERIALIZED (
    SELECT w.word FROM written w
    LEFT JOIN concord.keyword_word k ON k.collection_id = %(collection_id)s AND k.word = w.word
    -- What is compared byte by byte knows no other letters than those of ASCII.
    WHERE k.word IS NULL AND length(w.word) BETWEEN 2 AND 60
        AND w.word !~ '[[:punct:][:space:]]' AND w.word ~ '[^0-9]'
)
INSERT INTO concord.keyword_word (collection_id, word, term_id, letters, fragments)
SELECT %(collection_id)s, m.word, t.id, concord.letters_of(m.word),
       concord.fragments_of_word(%(collection_id)s, m.word)
FROM missing m
CROSS JOIN LATERAL (SELECT a.term FROM concord.analyze(%(language)s, m.word) a ORDER BY a.term LIMIT 1) a
JOIN concord.keyword_term t ON t.collection_id = %(collection_id)s AND t.term = a.term COLLATE "C"
ON CONFLICT DO NOTHING;

-- name: suggest_words
-- What a query's last word may become, each with how many documents have it beside the words before: words that begin
-- so or, where none does, words that it may be meant for.
WITH earlier AS MATERIALIZED (
    SELECT DISTINCT k.id AS term_id
    FROM unnest(%(earlier)s::text[]) AS w (word)
    CROSS JOIN LATERAL concord.analyze(%(language)s, w.word) a
    LEFT JOIN concord.keyword_term k ON k.collection_id = %(collection_id)s AND k.term = a.term COLLATE "C"
), beside AS MATERIALIZED (
    SELECT p.index_number
    FROM (
        SELECT unnest(b.index_numbers) AS index_number
        FROM earlier e JOIN concord.keyword_block b ON b.collection_id = %(collection_id)s AND b.term_id = e.term_id
    ) p
    WHERE NOT EXISTS (SELECT FROM concord.keyword_retired r
                      WHERE r.collection_id = %(collection_id)s AND r.index_number = p.index_number)
    GROUP BY p.index_number HAVING count(*) = (SELECT count(*) FROM earlier)
), completion AS MATERIALIZED (
    SELECT word, term_id, documents, 0 AS edits
    FROM concord.completing_words(%(collection_id)s, %(typed)s, %(looked_at)s)
), correction AS MATERIALIZED (
    SELECT word, term_id, documents, edits FROM concord.similar_words(%(collection_id)s, %(typed)s)
    WHERE NOT EXISTS (SELECT FROM completion)
), counted AS (
    SELECT w.word, w.edits, CASE WHEN NOT EXISTS (SELECT FROM earlier) THEN w.documents ELSE (
               SELECT count(*) FROM (
                   SELECT unnest(b.index_numbers) AS index_number FROM concord.keyword_block b
                   WHERE b.collection_id = %(collection_id)s AND b.term_id = w.term_id AND b.posting_count > 0
                   OFFSET 0
               ) p
               WHERE p.index_number IN (SELECT index_number FROM beside)
           ) END::int AS documents
    FROM (SELECT * FROM completion UNION ALL SELECT * FROM correction) w
)
SELECT word, documents FROM counted WHERE documents > 0
ORDER BY edits, documents DESC, word LIMIT %(limit)s;
