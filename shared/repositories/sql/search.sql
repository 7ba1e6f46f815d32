-- name: search_documents
-- One statement: BM25 over blocks of postings, similarity over vectors, both completed for every candidate,
-- fused, filtered, grouped by document, with the best passages of the page's hits.
WITH target AS MATERIALIZED (
    SELECT c.id, c.language, c.space_id, t.documents, t.chunks,
           -- The query's vector, if it is of the collection's own embedding space.
           CASE WHEN e.model = %(model)s AND e.dimensions = /*dimensions*/384/*end*/
                THEN %(vector)s::halfvec(/*dimensions*/384/*end*/) END AS vector,
           greatest(t.length / greatest(t.documents, 1), 1e-9::float8) AS average_length
    FROM concord.collection c
    JOIN concord.embedding_space e ON e.id = c.space_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(documents), 0)::float8 AS documents, coalesce(sum(chunks), 0)::int AS chunks,
               coalesce(sum(length), 0)::float8 AS length
        FROM concord.keyword_statistic WHERE collection_id = c.id
    ) t
    WHERE c.name = %(collection)s AND c.deleted_at IS NULL
), query_term AS MATERIALIZED (
    -- A word in no document weighs as much as the rarest one: it lowers what share of the query a hit has.
    SELECT a.term, k.id AS term_id,
           a.frequency * ln(1 + (greatest(t.documents - f.documents, 0) + 0.5::float8)
                                / (f.documents + 0.5::float8)) AS weight
    FROM target t
    CROSS JOIN LATERAL concord.analyze(t.language, %(keyword_text)s) a
    LEFT JOIN concord.keyword_term k ON k.collection_id = t.id AND k.term = a.term COLLATE "C"
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(b.posting_count), 0)::float8 AS documents FROM concord.keyword_block b
        WHERE b.collection_id = t.id AND b.term_id = k.id
    ) f
), query AS MATERIALIZED (
    SELECT coalesce(sum(weight), 0) AS weight,
           coalesce(string_agg(quote_literal(term), ' | '), '')::tsquery AS words,
           -- Without a word to look for meaning decides alone, without a vector the words.
           CASE WHEN coalesce(sum(weight), 0) = 0 THEN 1
                WHEN (SELECT vector FROM target) IS NULL THEN 0
                ELSE %(alpha)s::float8 END AS alpha
    FROM query_term
)/*allowed*//*end*/, posting AS (
    SELECT q.weight, unnest(b.index_numbers) AS index_number,
           unnest(b.frequencies)::float8 AS frequency, unnest(b.lengths)::float8 AS length
    FROM query_term q
    CROSS JOIN LATERAL (
        SELECT index_numbers, frequencies, lengths FROM concord.keyword_block
        WHERE collection_id = (SELECT id FROM target) AND term_id = q.term_id AND posting_count > 0
        OFFSET 0
    ) b
    OFFSET 0
), keyword_score AS MATERIALIZED (
    -- Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with k1 = 1.2 and b = 0.75,
    -- divided by the most a document could have: the share of the query's weight that it matches. Its root lies
    -- on the scale of cosines, so that the two can be mixed as they are.
    SELECT s.index_number, sqrt(s.score / (SELECT weight FROM query)) AS score
    FROM (
        SELECT p.index_number,
               sum(p.weight * p.frequency
                   / (p.frequency + 0.3::float8 + 0.9::float8 * p.length / t.average_length)) AS score
        FROM posting p CROSS JOIN target t
        GROUP BY p.index_number
    ) s
    WHERE /*keyword_filter*/ NOT s.index_number IN (
        SELECT r.index_number FROM concord.keyword_retired r WHERE r.collection_id = (SELECT id FROM target)
    ) /*end*/
), keyword_candidate AS (
    SELECT d.number, d.index_number, k.place
    FROM (
        SELECT index_number, row_number() OVER (ORDER BY score DESC, index_number) AS place
        FROM keyword_score ORDER BY score DESC, index_number LIMIT %(candidates)s
    ) k
    JOIN concord.document d ON d.collection_id = (SELECT id FROM target) AND d.index_number = k.index_number
), vector_scan AS MATERIALIZED (
    -- Few vectors are compared one by one, many through the HNSW index, once maintenance has built it: one branch
    -- of `near` runs.
    SELECT vector IS NOT NULL AND is_exact AS exact, vector IS NOT NULL AND NOT is_exact AS indexed
    FROM (
        SELECT vector,
               chunks <= %(exact_chunks)s
               OR to_regclass(format('concord_embedding.space_%%s_vector_idx', space_id)) IS NULL
               /*few_allowed*/ /*end*/ AS is_exact
        FROM target
    ) v
), near AS (
    (
        SELECT e.document_number, min(e.vector <#> (SELECT vector FROM target)) AS distance
        FROM concord.embedding e
        WHERE (SELECT exact FROM vector_scan)
            AND e.space_id = (SELECT space_id FROM target) AND e.collection_id = (SELECT id FROM target)
            AND /*vector_filter*/ true /*end*/
        GROUP BY e.document_number
    )
    UNION ALL
    (
        SELECT n.document_number, min(n.distance)
        FROM (
            SELECT e.document_number, e.vector::halfvec(/*dimensions*/384/*end*/) <#> (SELECT vector FROM target)
                   AS distance
            FROM concord.embedding e
            WHERE (SELECT indexed FROM vector_scan)
                AND e.space_id = (SELECT space_id FROM target) AND e.collection_id = (SELECT id FROM target)
                AND /*vector_filter*/ true /*end*/
            ORDER BY e.vector::halfvec(/*dimensions*/384/*end*/) <#> (SELECT vector FROM target)
            LIMIT %(indexed_chunks)s
        ) n
        GROUP BY n.document_number
    )
), vector_candidate AS (
    SELECT d.number, d.index_number, n.place
    FROM (
        SELECT document_number, row_number() OVER (ORDER BY distance, document_number) AS place
        FROM near ORDER BY distance, document_number LIMIT %(candidates)s
    ) n
    JOIN concord.document d ON d.collection_id = (SELECT id FROM target) AND d.number = n.document_number
), candidate AS MATERIALIZED (
    -- The first candidates of either ranking come before all others, so that a page is the same whether or not
    -- later pages, which look at more candidates, are asked for.
    SELECT number, index_number, min(place) > %(first_candidates)s AS is_late
    FROM (SELECT * FROM keyword_candidate UNION ALL SELECT * FROM vector_candidate) c
    GROUP BY number, index_number
), scored AS MATERIALIZED (
    SELECT c.number, c.is_late, coalesce(k.score, 0) AS keyword, coalesce(s.similarity, 0) AS semantic
    FROM candidate c
    LEFT JOIN keyword_score k ON k.index_number = c.index_number
    CROSS JOIN LATERAL (
        SELECT greatest(max(-(e.vector <#> (SELECT vector FROM target))), 0) AS similarity
        FROM concord.embedding e
        WHERE (SELECT vector FROM target) IS NOT NULL
            AND e.space_id = (SELECT space_id FROM target) AND e.collection_id = (SELECT id FROM target)
            AND e.document_number = c.number
    ) s
), fused AS MATERIALIZED (
    SELECT number, is_late, keyword, semantic,
           query.alpha * semantic + (1 - query.alpha) * keyword AS score
    FROM scored CROSS JOIN query
), page AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY is_late, score DESC, number) AS place FROM fused
    WHERE score > 0 AND score >= %(min_score)s
    ORDER BY place
    LIMIT %(limit)s OFFSET %(offset)s
)
SELECT t.vector IS NOT NULL AS semantic_used, (SELECT alpha FROM query) AS alpha,
       (SELECT exact FROM vector_scan) AS exact,
       (SELECT count(*) FROM keyword_score)::int AS keyword_found,
       (SELECT count(*) FROM fused WHERE score > 0 AND score >= %(min_score)s)::int AS candidates_found,
       d.id, d.title, d.url, d.metadata, d.created_at, d.updated_at,
       -- Bodies as far as they fit an answer, which is cut where they end.
       CASE WHEN %(with_body)s AND sum(octet_length(d.body)) OVER (ORDER BY h.place) - octet_length(d.body) <= %(room)s
            THEN d.body END AS body,
       h.score, h.keyword, h.semantic, passages.list AS passages
FROM target t
LEFT JOIN (page h JOIN concord.document d ON d.collection_id = (SELECT id FROM target) AND d.number = h.number) ON true
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object(
               'text', cut.text, 'start', b.span_start, 'end', b.span_end, 'page', b.page,
               'heading_path', b.heading_path, 'score', b.score,
               'marked', CASE WHEN %(highlight)s THEN ts_headline(
                   t.language::regconfig, translate(cut.text, E'\x02\x03', '  '), (SELECT words FROM query),
                   E'HighlightAll=true, StartSel="\x02", StopSel="\x03"') END
           ) ORDER BY b.score DESC, b.ordinal) AS list
    FROM (
        SELECT c.ordinal, c.span_start, c.span_end, c.page, c.heading_path,
               query.alpha * greatest(coalesce(-(e.vector <#> t.vector), 0), 0)
               + (1 - query.alpha) * sqrt(coalesce((
                   SELECT sum(q.weight * w.term_count / (w.term_count + 1.2::float8))
                   FROM unnest(c.term_ids, c.term_counts) AS w (term_id, term_count)
                   JOIN query_term q ON q.term_id = w.term_id
               ) / query.weight, 0)) AS score
        FROM concord.chunk c
        CROSS JOIN query
        LEFT JOIN concord.embedding e ON e.space_id = t.space_id AND e.collection_id = c.collection_id
            AND e.document_number = c.document_number AND e.chunk_id = c.id
        WHERE c.collection_id = d.collection_id AND c.document_number = d.number
        ORDER BY score DESC, c.ordinal
        LIMIT %(passages)s
    ) b
    CROSS JOIN LATERAL (
        -- Only now: each substr() of a long body unpacks all of it.
        SELECT substr(d.body, b.span_start + 1, b.span_end - b.span_start) AS text
        OFFSET 0
    ) cut
) passages ON d.id IS NOT NULL
ORDER BY h.place;

-- name: fragment_allowed
-- What a filter lets through, found once for both rankings.
, allowed AS MATERIALIZED (
    SELECT d.number, d.index_number FROM concord.document d
    WHERE d.collection_id = (SELECT id FROM target) AND /*filter*/ true /*end*/
);

-- name: fragment_few_allowed
OR (SELECT count(*) FROM allowed) <= %(few_documents)s;

-- name: fragment_keyword_filter
s.index_number IN (SELECT index_number FROM allowed);

-- name: fragment_vector_filter
e.document_number IN (SELECT number FROM allowed);

-- name: widen_vector_scan
-- With a filter or several collections in one index, keep scanning until enough chunks are found.
SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', %(ef_search)s, true),
       set_config('hnsw.max_scan_tuples', %(max_scanned)s, true);
