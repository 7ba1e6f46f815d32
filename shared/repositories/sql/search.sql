-- name: search_documents
-- One statement: BM25 over blocks of postings, similarity over vectors, both completed for every candidate,
-- fused, filtered, grouped by document, with the best passages of the page's hits.
WITH target AS MATERIALIZED (
    SELECT c.id, c.language, c.space_id,
           coalesce(sum(t.documents), 0)::float8 AS documents,
           coalesce(sum(t.chunks), 0) AS chunks,
           greatest(coalesce(sum(t.length), 0)::float8 / greatest(sum(t.documents), 1), 1e-9) AS average_length
    FROM concord.collection c LEFT JOIN concord.keyword_statistic t ON t.collection_id = c.id
    WHERE c.name = %(collection)s AND c.deleted_at IS NULL
    GROUP BY c.id
), query_term AS MATERIALIZED (
    SELECT a.term, k.id AS term_id,
           a.frequency * ln(1 + greatest(t.documents - coalesce(f.df, 0) + 0.5::float8, 0.5::float8)
                                / (coalesce(f.df, 0) + 0.5::float8)) AS weight
    FROM target t
    CROSS JOIN LATERAL concord.analyze(t.language, %(keyword_text)s) a
    LEFT JOIN concord.keyword_term k ON k.collection_id = t.id AND k.term = a.term COLLATE "C"
    LEFT JOIN LATERAL (
        SELECT sum(b.posting_count)::float8 AS df FROM concord.keyword_block b
        WHERE b.collection_id = t.id AND b.term_id = k.id
    ) f ON true
), query AS MATERIALIZED (
    SELECT coalesce(sum(weight), 0) AS weight,
           coalesce(string_agg(quote_literal(term), ' | '), '')::tsquery AS words
    FROM query_term
), posting AS (
    SELECT q.weight, unnest(b.index_numbers) AS index_number,
           unnest(b.frequencies)::float8 AS frequency, unnest(b.lengths)::float8 AS length
    FROM query_term q
    CROSS JOIN target t
    CROSS JOIN LATERAL (
        SELECT index_numbers, frequencies, lengths FROM concord.keyword_block
        WHERE collection_id = t.id AND term_id = q.term_id AND posting_count > 0
        OFFSET 0
    ) b
    OFFSET 0
), keyword_score AS MATERIALIZED (
    SELECT p.index_number,
           sum(p.weight * p.frequency / (p.frequency + 0.3::float8 + 0.9::float8 * p.length / t.average_length)) AS score
    FROM posting p CROSS JOIN target t
    GROUP BY p.index_number
), keyword_match AS MATERIALIZED (
    SELECT d.number, s.score
    FROM keyword_score s
    JOIN concord.document d ON d.collection_id = (SELECT id FROM target) AND d.index_number = s.index_number
    WHERE /*filter*/ true /*end*/
), keyword_candidate AS (
    SELECT number FROM keyword_match ORDER BY score DESC, number LIMIT %(candidates)s
)
SELECT number FROM keyword_candidate;
