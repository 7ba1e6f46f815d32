-- The keyword index: exact BM25 over blocks of postings. infra/decisions/0006-keyword-index.md has the figures.

-- name: lock_collection
-- Writers of one collection take turns: two that add the same new term at once would lose a posting.
SELECT pg_advisory_xact_lock(hashtext('concord.keyword_index'), %(collection_id)s);

-- name: retire_documents
-- Takes the stored text of these documents out of the index, without touching the blocks it stands in.
WITH retired AS MATERIALIZED (
    SELECT d.number, d.index_number
    FROM concord.document d
    WHERE d.collection_id = %(collection_id)s AND d.number = ANY(%(document_numbers)s::int[])
), retired_chunk AS MATERIALIZED (
    SELECT r.index_number, c.id, t.term_id, t.term_count
    FROM retired r
    JOIN concord.chunk c ON c.collection_id = %(collection_id)s AND c.document_number = r.number
    LEFT JOIN LATERAL unnest(c.term_ids, c.term_counts) AS t (term_id, term_count) ON true
), removals AS (
    INSERT INTO concord.keyword_block
        (collection_id, term_id, block, posting_count, index_numbers, frequencies, lengths)
    SELECT DISTINCT %(collection_id)s::int, term_id, -index_number, -1, '{}'::int[], '{}'::smallint[], '{}'::int[]
    FROM retired_chunk WHERE term_id IS NOT NULL
), retirement AS (
    INSERT INTO concord.keyword_retired (collection_id, index_number)
    SELECT %(collection_id)s, index_number FROM retired
)
INSERT INTO concord.keyword_statistic (collection_id, documents, chunks, length)
SELECT %(collection_id)s, -(SELECT count(*) FROM retired), -count(DISTINCT id), -coalesce(sum(term_count), 0)
FROM retired_chunk;

-- name: index_chunks
-- Analyses the chunks, adds missing terms, stores the chunks and appends one block of postings per term, with the
-- most that one of them can add to a score: Robertson and Zaragoza (2009), k1 = 1.2 and b = 0.75.
WITH incoming AS MATERIALIZED (
    SELECT *
    FROM unnest(
        %(document_numbers)s::int[], %(index_numbers)s::int[], %(chunk_ids)s::bigint[], %(ordinals)s::int[],
        %(span_starts)s::int[], %(span_ends)s::int[], %(pages)s::int[], %(heading_paths)s::text[],
        %(embedded_hashes)s::text[], %(titles)s::text[], %(texts)s::text[]
    ) AS c (document_number, index_number, id, ordinal, span_start, span_end, page, heading_path,
            embedded_hash, title, text)
), analysed AS MATERIALIZED (
    SELECT i.document_number, i.index_number, i.ordinal, a.term COLLATE "C" AS term, a.frequency,
           0 AS title_frequency
    FROM incoming i CROSS JOIN LATERAL concord.analyze(%(language)s, i.text) a
    UNION ALL
    SELECT i.document_number, i.index_number, i.ordinal, a.term COLLATE "C", a.frequency, a.frequency
    FROM incoming i CROSS JOIN LATERAL concord.analyze(%(language)s, i.title) a
    WHERE i.title IS NOT NULL
), vocabulary AS MATERIALIZED (
    SELECT DISTINCT term FROM analysed
), known AS MATERIALIZED (
    SELECT t.term, t.id FROM vocabulary v
    JOIN concord.keyword_term t ON t.collection_id = %(collection_id)s AND t.term = v.term
), added AS (
    INSERT INTO concord.keyword_term (collection_id, term)
    SELECT %(collection_id)s, v.term FROM vocabulary v
    WHERE NOT EXISTS (SELECT FROM known k WHERE k.term = v.term)
    RETURNING term, id
), counted AS MATERIALIZED (
    SELECT a.document_number, a.index_number, a.ordinal, d.id AS term_id, sum(a.frequency)::int AS frequency,
           sum(a.title_frequency)::int AS title_frequency
    FROM analysed a JOIN (SELECT term, id FROM known UNION ALL SELECT term, id FROM added) d USING (term)
    GROUP BY a.document_number, a.index_number, a.ordinal, d.id
), chunk_terms AS (
    SELECT document_number, ordinal, array_agg(term_id ORDER BY term_id) AS term_ids,
           array_agg(frequency::smallint ORDER BY term_id) AS term_counts
    FROM counted GROUP BY document_number, ordinal
), stored AS (
    INSERT INTO concord.chunk
        (collection_id, id, document_number, ordinal, span_start, span_end, page, heading_path,
         embedded_hash, term_ids, term_counts)
    SELECT %(collection_id)s, coalesce(i.id, nextval('concord.chunk_id_seq')), i.document_number, i.ordinal,
           i.span_start, i.span_end, i.page, string_to_array(i.heading_path, E'\x1f'), decode(i.embedded_hash, 'hex'),
           coalesce(t.term_ids, '{}'), coalesce(t.term_counts, '{}')
    FROM incoming i LEFT JOIN chunk_terms t USING (document_number, ordinal)
    ON CONFLICT (collection_id, id) DO UPDATE SET
        ordinal = excluded.ordinal, span_start = excluded.span_start, span_end = excluded.span_end,
        page = excluded.page, heading_path = excluded.heading_path, term_ids = excluded.term_ids, term_counts = excluded.term_counts
), postings AS MATERIALIZED (
    SELECT term_id, index_number, least(sum(frequency), 32767)::smallint AS frequency,
           least(sum(title_frequency), 32767)::smallint AS title_frequency
    FROM counted GROUP BY term_id, index_number
), document_lengths AS MATERIALIZED (
    SELECT index_number, sum(frequency)::int AS length FROM counted GROUP BY index_number
), average AS MATERIALIZED (
    SELECT greatest(coalesce(s.length / nullif(s.documents, 0), (SELECT avg(length) FROM document_lengths)), 1)::float8
           AS length
    FROM (SELECT sum(length)::float8 AS length, sum(documents)::float8 AS documents
          FROM concord.keyword_statistic WHERE collection_id = %(collection_id)s) s
), blocks AS (
    INSERT INTO concord.keyword_block
        (collection_id, term_id, block, posting_count, best_impact, index_numbers, frequencies, lengths,
         title_frequencies)
    SELECT %(collection_id)s, p.term_id, min(p.index_number), count(*),
           max(p.frequency / (p.frequency + 0.3::float8 + 0.9::float8 * l.length / a.length)),
           array_agg(p.index_number ORDER BY p.index_number), array_agg(p.frequency ORDER BY p.index_number),
           array_agg(l.length ORDER BY p.index_number),
           CASE WHEN max(p.title_frequency) > 0 THEN array_agg(p.title_frequency ORDER BY p.index_number) END
    FROM postings p JOIN document_lengths l USING (index_number) CROSS JOIN average a
    GROUP BY p.term_id, (p.index_number - %(first_index_number)s) / 512
)
INSERT INTO concord.keyword_statistic (collection_id, documents, chunks, length)
SELECT %(collection_id)s, %(documents)s, (SELECT count(*) FROM incoming), coalesce(sum(length), 0)
FROM document_lengths;

-- name: fold_statistics
-- Replaces a collection's appended changes by their sum.
WITH folded AS (
    DELETE FROM concord.keyword_statistic
    WHERE collection_id = %(collection_id)s
        AND (SELECT count(*) FROM concord.keyword_statistic WHERE collection_id = %(collection_id)s) > 1
    RETURNING documents, chunks, length
)
INSERT INTO concord.keyword_statistic (collection_id, documents, chunks, length)
SELECT %(collection_id)s, sum(documents), sum(chunks), sum(length) FROM folded HAVING count(*) > 0;

-- name: terms_to_compact
-- Terms whose postings are spread over many more rows than they need, or that hold retired postings.
SELECT term_id
FROM concord.keyword_block
WHERE collection_id = %(collection_id)s
GROUP BY term_id
HAVING bool_or(block < 0) OR count(*) > 8 AND count(*) > 1.3 * ceil(sum(posting_count) / 512.0)
ORDER BY term_id
LIMIT %(limit)s;

-- name: compact_terms
-- Rewrites the blocks of these terms in full rows, without what is retired, the best postings first: a search that
-- cannot afford all blocks of a term reads those that matter.
WITH average AS MATERIALIZED (
    SELECT greatest(sum(length)::float8 / nullif(sum(documents), 0)::float8, 1) AS length
    FROM concord.keyword_statistic WHERE collection_id = %(collection_id)s
), removed AS (
    DELETE FROM concord.keyword_block
    WHERE collection_id = %(collection_id)s AND term_id = ANY(%(term_ids)s::int[])
    RETURNING term_id, index_numbers, frequencies, lengths, title_frequencies
), posting AS (
    SELECT r.term_id, p.index_number, p.frequency, p.length, coalesce(p.title_frequency, 0) AS title_frequency,
           p.frequency / (p.frequency + 0.3::float8 + 0.9::float8 * p.length / a.length) AS impact
    FROM removed r CROSS JOIN average a
    CROSS JOIN LATERAL unnest(r.index_numbers, r.frequencies, r.lengths, r.title_frequencies)
        AS p (index_number, frequency, length, title_frequency)
    WHERE NOT EXISTS (
        SELECT FROM concord.keyword_retired d
        WHERE d.collection_id = %(collection_id)s AND d.index_number = p.index_number)
), placed AS (
    SELECT *, (row_number() OVER (PARTITION BY term_id ORDER BY impact DESC, index_number) - 1) / 512 AS place
    FROM posting
)
INSERT INTO concord.keyword_block
    (collection_id, term_id, block, posting_count, best_impact, index_numbers, frequencies, lengths,
     title_frequencies)
SELECT %(collection_id)s, term_id, min(index_number), count(*), max(impact),
       array_agg(index_number ORDER BY index_number), array_agg(frequency ORDER BY index_number),
       array_agg(length ORDER BY index_number),
       CASE WHEN max(title_frequency) > 0 THEN array_agg(title_frequency ORDER BY index_number) END
FROM placed GROUP BY term_id, place;

-- name: forget_retired
-- A retired number may be forgotten, and used again, once no term has a removal for it.
DELETE FROM concord.keyword_retired r
WHERE r.collection_id = %(collection_id)s AND NOT EXISTS (
    SELECT FROM concord.keyword_block b WHERE b.collection_id = %(collection_id)s AND b.block = -r.index_number);
