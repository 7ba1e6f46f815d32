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
    WHERE k.word IS NULL AND length(w.word) BETWEEN 2 AND 60 AND w.word ~ '^[[:alnum:]]*[[:alpha:]][[:alnum:]]*$'
)
INSERT INTO concord.keyword_word (collection_id, word, term_id, length, letters, pairs)
SELECT %(collection_id)s, m.word, t.id, length(m.word), concord.letters_of(m.word), concord.pairs_of(m.word)
FROM missing m
CROSS JOIN LATERAL (SELECT a.term FROM concord.analyze(%(language)s, m.word) a ORDER BY a.term LIMIT 1) a
JOIN concord.keyword_term t ON t.collection_id = %(collection_id)s AND t.term = a.term COLLATE "C"
ON CONFLICT DO NOTHING;
