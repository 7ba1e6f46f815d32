-- name: find_facts
SELECT c.id, %(name)s::text AS name, c.language, coalesce(s.settings, '{}') AS settings, c.updated_at, e.id AS space_id, e.model, e.dimensions,
       coalesce((SELECT documents FROM concord.readable_statistic WHERE collection_id = c.id), 0)::int AS documents,
       to_regclass(format('concord_embedding.collection_%%s_space_%%s_idx', c.id, e.id)) IS NOT NULL
           AS has_vector_index,
       concord.gone(c.id) AS gone
FROM concord.collection c
JOIN concord.embedding_space e
    ON e.id = CASE WHEN %(of_other_space)s THEN concord.other_space(c.id) ELSE c.space_id END
LEFT JOIN concord.collection_settings s ON s.collection_id = c.id
WHERE c.id = concord.collection_named(%(name)s);

-- name: find_model_document
SELECT (SELECT l2_normalize(avg(e.vector))::text FROM concord.embedding e
        WHERE e.space_id = %(space_id)s AND e.collection_id = d.collection_id AND e.document_number = d.number) AS vector,
       concat_ws(E'\n', d.title, left(d.body, 2000)) AS text
FROM concord.document d
WHERE d.collection_id = %(collection_id)s AND d.collection_id = concord.collection_named(%(collection)s) AND d.id = %(id)s COLLATE "C"
    AND concord.gone(d.collection_id) IS NOT DISTINCT FROM %(gone)s::jsonb AND /*shown*/ true /*end*/;

-- name: search_documents
-- One statement: BM25 over blocks of postings, similarity over vectors, both completed for every candidate,
-- fused, filtered, grouped by document, with the best passages of the page's hits. Slots hold what a request asks
-- for; without them this finds words and meaning in a whole collection.
WITH target AS MATERIALIZED (
    -- Empty when the collection is no longer what the caller has read of it.
    SELECT t.documents, greatest(t.length / greatest(t.documents, 1), 1e-9::float8) AS average_length
    FROM concord.collection c
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(documents), 0)::float8 AS documents, coalesce(sum(length), 0)::float8 AS length
        FROM /*statistic*/ concord.keyword_statistic /*end*/ WHERE collection_id = c.id
    ) t
    WHERE c.id = %(collection_id)s AND c.id = concord.collection_named(%(collection)s)
        AND c.updated_at = %(updated_at)s AND concord.gone(c.id) IS NOT DISTINCT FROM %(gone)s::jsonb
        AND (to_regclass(%(vector_index)s) IS NOT NULL) = %(has_vector_index)s
), word AS MATERIALIZED (
    -- What was typed, analysed. Parts of one word are parts of their own, unless others may stand for it.
    SELECT w.word_group, w.alternative, w.weight AS penalty, w.expandable, w.text, a.term, a.frequency,
           k.id AS term_id, coalesce(f.documents, 0) AS documents,
           w.word_group * 4096 + CASE WHEN bool_or(w.alternative > 0) OVER (PARTITION BY w.word_group) THEN 0
               ELSE row_number() OVER (PARTITION BY w.word_group) END AS part
    FROM target t
    CROSS JOIN unnest(%(word_groups)s::int[], %(alternatives)s::int[], %(weights)s::float8[], %(texts)s::text[],
                      %(expandable)s::boolean[]) AS w (word_group, alternative, weight, text, expandable)
    CROSS JOIN LATERAL concord.analyze(%(language)s, w.text) a
    LEFT JOIN LATERAL (
        SELECT id FROM /*known_term*/ concord.keyword_term /*end*/
        WHERE collection_id = %(collection_id)s AND term = a.term COLLATE "C" OFFSET 0
    ) k ON true
    CROSS JOIN LATERAL (
        SELECT sum(b.posting_count)::float8 AS documents FROM /*block*/ concord.keyword_block /*end*/ b
        WHERE b.collection_id = %(collection_id)s AND b.term_id = k.id
    ) f
), sense AS MATERIALIZED (
    -- And what it may stand for. A word in no document weighs as much as the rarest one: it lowers what share of
    -- the query a hit has.
    SELECT s.part, s.alternative, s.term, s.term_id, s.documents, s.penalty,
           s.frequency * ln(1 + (greatest(t.documents - s.documents, 0) + 0.5::float8)
                                / (s.documents + 0.5::float8)) AS weight
    FROM target t
    CROSS JOIN (
        SELECT part, alternative, term, term_id, documents, penalty, frequency FROM word
        /*expansions*//*end*/
    ) s
), part AS MATERIALIZED (
    -- A stop word that has synonyms, such as IT, weighs as much as the weightiest word of those.
    SELECT part, coalesce(sum(weight) FILTER (WHERE alternative = 0), max(weight) FILTER (WHERE documents > 0)) AS weight,
           min(alternative) FILTER (WHERE documents > 0) <> max(alternative) FILTER (WHERE documents > 0) AS has_choice
    FROM sense GROUP BY part
), term AS MATERIALIZED (
    -- What stands for a word weighs no more than the word. A part without a choice is a plain sum, whatever it is of.
    SELECT c.part, c.alternative, c.term_id, min(c.term) AS term, sum(c.weight) AS weight
    FROM (
        SELECT CASE WHEN p.has_choice THEN s.part END AS part, CASE WHEN p.has_choice THEN s.alternative END AS alternative,
               s.term_id, s.term, s.documents,
               s.weight * s.penalty
               * least(1, p.weight / nullif(sum(s.weight) OVER (PARTITION BY s.part, s.alternative), 0)) AS weight
        FROM sense s JOIN part p USING (part)
    ) c
    WHERE c.documents > 0
    GROUP BY c.part, c.alternative, c.term_id
    ORDER BY weight DESC
), query AS MATERIALIZED (
    SELECT coalesce(sum(weight), 0) AS weight, (SELECT sum(frequency) FROM word WHERE alternative = 0) AS words,
           -- Without a word to look for meaning decides alone, without a vector the words.
           CASE WHEN coalesce(sum(weight), 0) = 0 THEN 1 WHEN %(vector)s::text IS NULL THEN 0
                ELSE %(alpha)s::float8 END AS alpha,
           %(vector)s::halfvec(/*dimensions*/384/*end*/) AS vector
    FROM part
)/*said*//*end*//*passing*//*end*/, near AS MATERIALIZED (
    /*near*/ SELECT NULL::int AS document_number, 0::float8 AS distance WHERE false /*end*/
)/*budget*//*end*/, keyword_score AS MATERIALIZED (
    -- BM25 divided by the most a document could have: the share of the query's weight that it matches. Its root lies
    -- on the scale of cosines, so that the two can be mixed as they are.
    SELECT s.index_number, sqrt(s.score / (SELECT weight FROM query)) AS score
    FROM (/*keyword_sum*/ SELECT NULL::int AS index_number, 0::float8 AS score WHERE false /*end*/) s
    -- A field that weighs nothing has no words.
    WHERE s.score > 0 AND NOT s.index_number IN (
        SELECT r.index_number FROM concord.keyword_retired r WHERE r.collection_id = %(collection_id)s
    )
), keyword_candidate AS (
    SELECT k.number, k.index_number, row_number() OVER (ORDER BY k.score DESC, k.index_number) AS place
    FROM (
        SELECT d.number, d.index_number, b.score
        FROM (
            (SELECT index_number, score FROM keyword_score ORDER BY score DESC, index_number
             LIMIT %(candidates)s * /*of_which_pass*/1/*end*/)
            /*read_on*//*end*/
        ) b
        CROSS JOIN LATERAL (
            SELECT d.number, d.index_number FROM concord.document d
            WHERE d.collection_id = %(collection_id)s AND d.index_number = b.index_number
                AND /*conditions*/ true /*end*/
            OFFSET 0
        ) d
        LIMIT %(candidates)s
    ) k
), vector_candidate AS (
    SELECT d.number, d.index_number, row_number() OVER (ORDER BY n.distance, n.document_number) AS place
    FROM (
        SELECT document_number, min(distance) AS distance FROM near
        GROUP BY document_number ORDER BY distance, document_number LIMIT %(candidates)s
    ) n
    JOIN concord.document d ON d.collection_id = %(collection_id)s AND d.number = n.document_number
), candidate AS MATERIALIZED (
    -- The first candidates of either ranking come before all others, so that a page is the same whether or not
    -- later pages, which look at more candidates, are asked for.
    /*candidate*/
    SELECT number, index_number, NULL::bigint AS keyword_place, NULL::bigint AS vector_place, NULL::bigint AS pin,
           false AS is_late FROM vector_candidate
    /*end*/
)/*matched*//*end*/, scored AS MATERIALIZED (
    SELECT c.*, c.keyword_place IS NOT NULL OR c.vector_place IS NOT NULL AS is_candidate,
           coalesce(k.score, 0) AS keyword, coalesce(s.similarity, 0) AS semantic
    FROM candidate c
    LEFT JOIN keyword_score k ON k.index_number = c.index_number
    CROSS JOIN LATERAL (
        SELECT greatest(max(-(e.vector <#> (SELECT vector FROM query))), 0) AS similarity
        FROM concord.embedding e
        WHERE %(vector)s::text IS NOT NULL AND e.space_id = /*space*/0/*end*/
            AND e.collection_id = %(collection_id)s AND e.document_number = c.number
    ) s
)/*mixed*//*end*/, fused AS MATERIALIZED (
    SELECT f.number, f.is_late, f.pin, f.keyword, f.semantic, f.feedback, f.near_best,
           /*score*/ f.score /*end*/ AS score
    FROM (
        /*fused*/
        SELECT number, is_late, pin, keyword, semantic, 0::float8 AS feedback, 0::float8 AS near_best, semantic AS score
        FROM scored
        /*end*/
    ) f /*boosted*//*end*/
), page AS MATERIALIZED (
    /*page*/
    SELECT *, row_number() OVER (ORDER BY pin, is_late, score DESC, number) AS place,
           NULL::jsonb AS group_value, NULL::bigint AS group_found
    FROM fused
    WHERE pin IS NOT NULL OR score >= %(min_score)s
    ORDER BY place
    LIMIT %(limit)s OFFSET %(offset)s
    /*end*/
)
SELECT (SELECT alpha FROM /*alpha*/ query /*end*/) AS alpha, /*scan*/ 'none' /*end*/ AS vector_scan,
       /*complete*/ true /*end*/ AS complete, /*cut_off*/ false /*end*/ AS cut_off,
       /*keyword_found*/ (SELECT count(*) FROM keyword_score)::int /*end*//*pinned_found*//*end*/ AS keyword_found,
       (SELECT count(*) FROM fused WHERE pin IS NOT NULL OR score >= %(min_score)s)::int
           AS candidates_found,
       /*facets*/ NULL::json /*end*/ AS facets,
       d.id, d.title, d.url, d.metadata, d.created_at, d.updated_at,
       -- Bodies as far as they fit an answer, which is cut where they end.
       CASE WHEN %(with_body)s AND sum(octet_length(d.body)) OVER (ORDER BY h.place) - octet_length(d.body) <= %(room)s
            THEN d.body END AS body,
       h.score, h.keyword, h.semantic, h.feedback, h.near_best, h.pin IS NOT NULL AS pinned, h.group_value, h.group_found,
       passages.list AS passages
FROM target t
LEFT JOIN (page h JOIN concord.document d ON d.collection_id = %(collection_id)s AND d.number = h.number) ON true
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object(
               'text', cut.text, 'start', b.span_start, 'end', b.span_end, 'page', b.page,
               'heading_path', b.heading_path, 'score', b.score,
               'marked', CASE WHEN %(highlight)s THEN ts_headline(
                   %(language)s::regconfig, concord.readable_text(translate(cut.text, E'\x02\x03', '  ')),
                   (SELECT coalesce(string_agg(quote_literal(term), ' | '), '')::tsquery FROM term),
                   E'HighlightAll=true, StartSel="\x02", StopSel="\x03"') END
           ) ORDER BY b.score DESC, b.ordinal) AS list
    FROM (
        SELECT c.ordinal, c.span_start, c.span_end, c.page, c.heading_path,
               query.alpha * greatest(coalesce(-(e.vector <#> query.vector), 0), 0)
               + (1 - query.alpha) * sqrt(least(coalesce((
                   SELECT sum(term.weight * c.term_counts[i.place] / (c.term_counts[i.place] + 1.2::float8))
                   FROM term CROSS JOIN LATERAL (SELECT array_position(c.term_ids, term.term_id) AS place) i
               ) / query.weight, 0), 1)) AS score
        FROM concord.chunk c
        CROSS JOIN query
        LEFT JOIN concord.embedding e ON e.space_id = /*space*/0/*end*/ AND e.collection_id = c.collection_id
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

-- name: piece_expansions
-- Words that no document has, and the last word as far as it has been typed.
UNION ALL
SELECT w.part, -e.term_id, e.term, e.term_id, f.documents, w.penalty * e.weight, w.frequency
FROM word w
CROSS JOIN LATERAL (
    SELECT s.term AS surface FROM concord.analyze('simple', w.text) s
    WHERE EXISTS (SELECT FROM concord.analyze(%(language)s, s.term) a WHERE a.term = w.term)
    ORDER BY s.term LIMIT 1
) s
CROSS JOIN LATERAL concord.expand_word(
    %(collection_id)s, %(language)s, s.surface, %(typos)s AND w.documents = 0,
    w.word_group = %(last_group)s AND %(prefix)s) e
CROSS JOIN LATERAL (
    SELECT sum(b.posting_count)::float8 AS documents FROM /*block*/ concord.keyword_block /*end*/ b
    WHERE b.collection_id = %(collection_id)s AND b.term_id = e.term_id
) f
WHERE w.expandable AND (w.documents = 0 OR w.word_group = %(last_group)s AND %(complete_known)s);

-- name: piece_keyword_sum
-- BM25 of every document with a word (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009, with
-- k1 = 1.2 and b = 0.75): the sum over parts, of which one with a choice counts as the best of what may stand for it.
SELECT s.index_number, sum(s.score) AS score
FROM (
    SELECT p.index_number, p.weight * (/*frequency*/ p.body_frequency /*end*/)
           / (/*frequency*/ p.body_frequency /*end*/
              + 0.3::float8 + 0.9::float8 * p.length / (SELECT average_length FROM target)) AS score
    FROM (
        SELECT t.weight, unnest(b.index_numbers) AS index_number, unnest(b.lengths)::float8 AS length,
               unnest(b.frequencies)::float8 AS body_frequency/*title*//*end*/
        FROM /*terms*/ term /*end*/ t
        CROSS JOIN LATERAL (
            SELECT index_numbers, frequencies, lengths, title_frequencies FROM /*block*/ concord.keyword_block /*end*/
            WHERE collection_id = %(collection_id)s AND term_id = t.term_id AND posting_count > 0 /*blocks*//*end*/ /*cutoff*//*end*/
            OFFSET 0
        ) b
        WHERE t.part IS NULL
        OFFSET 0
    ) p
    WHERE /*postings*/ true /*end*/
    UNION ALL
    SELECT a.index_number, max(a.score)
    FROM (
        SELECT p.index_number, p.part, sum(p.weight * (/*frequency*/ p.body_frequency /*end*/)
               / (/*frequency*/ p.body_frequency /*end*/
                  + 0.3::float8 + 0.9::float8 * p.length / (SELECT average_length FROM target))) AS score
        FROM (
            SELECT t.part, t.alternative, t.weight, unnest(b.index_numbers) AS index_number,
                   unnest(b.lengths)::float8 AS length,
                   unnest(b.frequencies)::float8 AS body_frequency/*title*//*end*/
            FROM /*terms*/ term /*end*/ t
            CROSS JOIN LATERAL (
                SELECT index_numbers, frequencies, lengths, title_frequencies FROM /*block*/ concord.keyword_block /*end*/
                WHERE collection_id = %(collection_id)s AND term_id = t.term_id AND posting_count > 0 /*blocks*//*end*/ /*cutoff*//*end*/
                OFFSET 0
            ) b
            WHERE t.part IS NOT NULL
            OFFSET 0
        ) p
        WHERE /*postings*/ true /*end*/
        GROUP BY p.index_number, p.part, p.alternative
    ) a
    GROUP BY a.index_number, a.part
) s
GROUP BY s.index_number;

-- name: piece_title_frequencies
, unnest(b.title_frequencies)::float8 AS title_frequency;

-- name: piece_weighted_frequency
-- Words of the title count as the collection's settings say.
%(body_weight)s::float8 * p.body_frequency
+ (%(title_weight)s::float8 - %(body_weight)s::float8) * coalesce(p.title_frequency, 0);

-- name: piece_before_deadline
-- A time budget: what has not been read when it ends is left out.
AND clock_timestamp() < statement_timestamp() + make_interval(secs => %(cutoff_seconds)s);

-- name: piece_cut_off
clock_timestamp() >= statement_timestamp() + make_interval(secs => %(cutoff_seconds)s);

-- name: piece_nearest
-- The nearest chunks: one by one or, with the index's own expression, through it.
SELECT e.document_number, /*distance*/ e.vector <#> (SELECT vector FROM query) /*end*/ AS distance
FROM concord.embedding e
WHERE e.space_id = /*space*/0/*end*/ AND e.collection_id = /*collection_number*/0/*end*/ /*cutoff*//*end*/
ORDER BY distance
LIMIT %(near_chunks)s;

-- name: piece_indexed_distance
e.vector::halfvec(/*dimensions*/384/*end*/) <#> (SELECT vector FROM query);

-- name: piece_nearest_of_few
-- Of few documents that pass a condition all chunks.
SELECT f.number AS document_number, e.distance
FROM passing f
CROSS JOIN LATERAL (
    SELECT min(e.vector <#> (SELECT vector FROM query)) AS distance FROM concord.embedding e
    WHERE e.space_id = /*space*/0/*end*/ AND e.collection_id = %(collection_id)s AND e.document_number = f.number
    OFFSET 0
) e
WHERE (SELECT is_small FROM passing_size) AND e.distance IS NOT NULL
UNION ALL
(/*nearest_passing*/ SELECT NULL::int, 0::float8 WHERE false /*end*/);

-- name: piece_nearest_passing
-- Of many, the nearest as far as they are asked for.
SELECT n.document_number, n.distance
FROM (
    SELECT e.document_number, e.vector <#> (SELECT vector FROM query) AS distance
    FROM concord.embedding e
    WHERE /*many*/ true /*end*/
        AND e.space_id = /*space*/0/*end*/ AND e.collection_id = %(collection_id)s /*cutoff*//*end*/
    ORDER BY distance
    OFFSET 0
) n
CROSS JOIN LATERAL (
    SELECT FROM concord.document d
    WHERE d.collection_id = %(collection_id)s AND d.number = n.document_number AND /*conditions*/ true /*end*/
    OFFSET 0
) p
LIMIT %(near_chunks)s;

-- name: piece_indexed_passing
-- The same through the index, which is read on until enough chunks pass.
SELECT e.document_number, /*distance*/ e.vector <#> (SELECT vector FROM query) /*end*/ AS distance
FROM concord.embedding e
WHERE /*many*/ true /*end*/
    AND e.space_id = /*space*/0/*end*/ AND e.collection_id = /*collection_number*/0/*end*/ /*cutoff*//*end*/
    AND (
        SELECT /*conditions*/ true /*end*/ FROM concord.document d
        WHERE d.collection_id = %(collection_id)s AND d.number = e.document_number
    )
ORDER BY distance
LIMIT %(near_chunks)s;

-- name: piece_said
-- Which documents have all words of each phrase and exclusion.
, said AS MATERIALIZED (
    SELECT s.place, t.terms, t.is_phrase, has.index_number
    FROM unnest(%(said)s::text[]) WITH ORDINALITY AS s (text, place)
    CROSS JOIN LATERAL (
        SELECT count(*)::int AS terms, sum(frequency) > 1 AS is_phrase, array_agg(term COLLATE "C") AS words
        FROM concord.analyze(%(language)s, s.text)
    ) t
    LEFT JOIN LATERAL (
        SELECT p.index_number
        FROM (
            SELECT unnest(b.index_numbers) AS index_number
            FROM /*known_term*/ concord.keyword_term /*end*/ k
            CROSS JOIN LATERAL (
                SELECT index_numbers FROM /*block*/ concord.keyword_block /*end*/
                WHERE collection_id = %(collection_id)s AND term_id = k.id OFFSET 0
            ) b
            WHERE k.collection_id = %(collection_id)s AND k.term = ANY(t.words)
        ) p
        GROUP BY p.index_number HAVING count(*) = t.terms
    ) has ON true
);

-- name: piece_says
-- Whether a document says it, in these words; words that are no more than stop words ask for nothing.
CASE WHEN d.index_number IN (SELECT index_number FROM said WHERE place = /*place*/1/*end*/)
     THEN (SELECT bool_and(NOT is_phrase) FROM said WHERE place = /*place*/1/*end*/)
          OR concord.has_phrase(%(language)s, (%(said)s::text[])[/*place*/1/*end*/], d.title, d.body)
     ELSE /*nothing*/ (SELECT bool_and(terms = 0) FROM said WHERE place = /*place*/1/*end*/) /*end*/ END;

-- name: piece_passing_saying
-- What says the first phrase is looked up in what has its words.
, passing AS MATERIALIZED (
    SELECT d.number, d.index_number
    FROM said s
    JOIN concord.document d ON d.collection_id = %(collection_id)s AND d.index_number = s.index_number
    WHERE s.place = 1 AND /*conditions*/ true /*end*/
    UNION ALL
    SELECT d.number, d.index_number FROM concord.document d
    WHERE (SELECT bool_and(terms = 0) FROM said WHERE place = 1)
        AND d.collection_id = %(collection_id)s AND /*conditions*/ true /*end*/
), passing_size AS MATERIALIZED (
    SELECT true AS is_selective, count(*) <= %(few_documents)s AS is_small FROM passing
);

-- name: piece_passing
-- What passes a condition is listed once when a sample says that it is little, and looked up document by document,
-- best first, when it is not.
, sample AS MATERIALIZED (
    SELECT last.number <= %(small_collection)s OR coalesce((
               SELECT avg((/*conditions*/ true /*end*/)::int) FROM (
                   -- Numbers in an order that has no pattern of the documents' own (Knuth's multiplicative hash).
                   SELECT d.*
                   FROM (
                       SELECT 1 + ((i * 2654435761::bigint) %% last.number)::int AS number
                       FROM generate_series(1, %(sampled)s) AS i
                       OFFSET 0
                   ) i
                   JOIN concord.document d ON d.collection_id = %(collection_id)s AND d.number = i.number
               ) d
           ), 0) < %(selective_share)s AS is_selective
    FROM (SELECT coalesce(max(number), 0) AS number FROM concord.document
          WHERE collection_id = %(collection_id)s) last
), passing AS MATERIALIZED (
    SELECT d.number, d.index_number FROM /*having*/ concord.document /*end*/ d
    WHERE (SELECT is_selective FROM sample) AND d.collection_id = %(collection_id)s AND /*conditions*/ true /*end*/
), passing_size AS MATERIALIZED (
    SELECT s.is_selective, s.is_selective AND (SELECT count(*) FROM passing) <= %(few_documents)s AS is_small
    FROM sample s
);

-- name: piece_documents_having
-- By the index of the metadata, which only a function of its own may read.
(SELECT d.* FROM concord.documents_having(
     CASE WHEN (SELECT is_selective FROM sample) THEN %(collection_id)s END, %(having)s::jsonpath) AS h (number)
 CROSS JOIN LATERAL (
     SELECT * FROM concord.document WHERE collection_id = %(collection_id)s AND number = h.number OFFSET 0
 ) d);

-- name: piece_read_on
-- All others too, which are put in order only where too few of the best pass.
UNION ALL
(SELECT index_number, score FROM keyword_score ORDER BY score DESC, index_number
 OFFSET %(candidates)s * /*of_which_pass*/1/*end*/);

-- name: piece_many
(SELECT NOT is_small FROM passing_size);

-- name: piece_passing_postings
((SELECT NOT is_selective FROM passing_size) OR p.index_number IN (SELECT index_number FROM passing));

-- name: piece_matched
-- Every document with a word that passes, when they are to be counted and may be, and every candidate.
, matched AS MATERIALIZED (
    SELECT d.number, d.index_number, w.in_words
    FROM (
        SELECT index_number, bool_or(in_words) AS in_words
        FROM (
            SELECT index_number, true AS in_words FROM keyword_score
            WHERE (SELECT count(*) FROM keyword_score) <= %(countable)s
            UNION ALL
            SELECT index_number, false FROM candidate
        ) both_kinds
        GROUP BY index_number
    ) w
    JOIN concord.document d ON d.collection_id = %(collection_id)s AND d.index_number = w.index_number
    WHERE /*conditions*/ true /*end*/
);

-- name: piece_matched_found
CASE WHEN (SELECT count(*) FROM keyword_score) <= %(countable)s
     THEN (SELECT count(*) FROM matched WHERE in_words)::int END;

-- name: piece_scan_of_passing
CASE WHEN (SELECT is_small FROM passing_size) THEN 'exact' ELSE /*otherwise*/ 'exact' /*end*/ END;

-- name: piece_candidate
SELECT number, index_number, min(keyword_place) AS keyword_place, min(vector_place) AS vector_place,
       NULL::bigint AS pin, least(min(keyword_place), min(vector_place)) > %(first_candidates)s AS is_late
FROM (
    SELECT number, index_number, place AS keyword_place, NULL::bigint AS vector_place FROM keyword_candidate
    UNION ALL
    SELECT number, index_number, NULL, place FROM vector_candidate
) c
GROUP BY number, index_number;

-- name: piece_pinned_candidate
-- Pinned documents come first, in their order, whatever they score; hidden ones are a condition.
SELECT coalesce(c.number, p.number) AS number, coalesce(c.index_number, p.index_number) AS index_number,
       c.keyword_place, c.vector_place, p.pin, coalesce(c.is_late, false) AS is_late
FROM (/*candidate*/ SELECT NULL::int AS number, NULL::int AS index_number, NULL::bigint AS keyword_place,
      NULL::bigint AS vector_place, false AS is_late WHERE false /*end*/) c
FULL JOIN (
    SELECT d.number, d.index_number, i.pin
    FROM unnest(%(pinned)s::text[]) WITH ORDINALITY AS i (id, pin)
    JOIN concord.document d ON d.collection_id = %(collection_id)s AND d.id = i.id COLLATE "C"
    WHERE /*conditions*/ true /*end*/
) p ON p.number = c.number;

-- name: piece_pinned_found
+ (SELECT count(*) FROM candidate c WHERE c.pin IS NOT NULL AND NOT EXISTS (
       SELECT FROM keyword_score k WHERE k.index_number = c.index_number))::int;

-- name: piece_browsed_candidate
-- Without anything to look for every document that passes is a hit.
SELECT d.number, d.index_number, NULL::bigint AS keyword_place, NULL::bigint AS vector_place, NULL::bigint AS pin,
       false AS is_late
FROM concord.document d
WHERE d.collection_id = %(collection_id)s AND /*conditions*/ true /*end*/;

-- name: piece_sorted_page
SELECT h.*, row_number() OVER (ORDER BY h.pin, /*sort*/ h.score DESC /*end*/, h.number) AS place,
       NULL::jsonb AS group_value, NULL::bigint AS group_found
FROM fused h
JOIN concord.document d ON d.collection_id = %(collection_id)s AND d.number = h.number
WHERE h.pin IS NOT NULL OR h.score >= %(min_score)s
ORDER BY place
LIMIT %(limit)s OFFSET %(offset)s;

-- name: piece_grouped_page
-- The best hits of each group together, groups in the order of their best; a document without the field is a group.
SELECT g.number, g.is_late, g.pin, g.keyword, g.semantic, g.feedback, g.near_best, g.score,
       row_number() OVER (ORDER BY g.group_place, g.place) AS place, g.group_value, g.group_found
FROM (
    SELECT r.*, dense_rank() OVER (ORDER BY r.best_place) AS group_place
    FROM (
        SELECT p.*, min(p.place) OVER same AS best_place, count(*) OVER same AS group_found,
               row_number() OVER (PARTITION BY p.group_value, p.alone ORDER BY p.place) AS place_in_group
        FROM (
            SELECT h.*, v.group_value, CASE WHEN v.group_value IS NULL THEN h.number END AS alone,
                   row_number() OVER (ORDER BY h.pin, /*sort*/ h.is_late, h.score DESC /*end*/, h.number) AS place
            FROM fused h
            JOIN concord.document d ON d.collection_id = %(collection_id)s AND d.number = h.number
            CROSS JOIN LATERAL (SELECT /*group*/ NULL::jsonb /*end*/ AS group_value) v
            WHERE h.pin IS NOT NULL OR h.score >= %(min_score)s
        ) p
        WINDOW same AS (PARTITION BY p.group_value, p.alone)
    ) r
) g
WHERE g.place_in_group <= %(group_size)s AND g.group_place > %(offset)s AND g.group_place <= %(offset)s + %(limit)s
ORDER BY place;

-- name: piece_boosted
-- What else a document has to its credit, as part of its score.
JOIN concord.document d ON d.collection_id = %(collection_id)s AND d.number = f.number
CROSS JOIN LATERAL (SELECT /*boost*/ 0::float8 /*end*/ AS boost) b;

-- name: piece_plainly_fused
SELECT s.number, s.is_late, s.pin, s.keyword, s.semantic, 0::float8 AS feedback, 0::float8 AS near_best,
       /*fusion*/ query.alpha * s.semantic + (1 - query.alpha) * s.keyword /*end*/ AS score
FROM scored s CROSS JOIN query;

-- name: piece_mixed
-- The ranking whose best stand out counts more, and the best document speaks for those like it, the more it says
-- beyond the query. infra/decisions/0016-relevance.md has the experiments.
, peak AS MATERIALIZED (
    SELECT (SELECT max(x) - avg(x) FROM (
                SELECT semantic AS x FROM scored WHERE NOT is_late AND is_candidate ORDER BY x DESC LIMIT %(peak_documents)s
            ) t) AS semantic,
           (SELECT max(x) - avg(x) FROM (
                SELECT keyword AS x FROM scored WHERE NOT is_late AND is_candidate ORDER BY x DESC LIMIT %(peak_documents)s
            ) t) AS keyword
), mixing AS MATERIALIZED (
    SELECT q.alpha * (0.5::float8 + p.share)
           / (q.alpha * (0.5::float8 + p.share) + (1 - q.alpha) * (1.5::float8 - p.share)) AS alpha
    FROM query q
    CROSS JOIN (SELECT coalesce(semantic / nullif(semantic + keyword, 0), 0.5::float8) AS share FROM peak) p
), mixed AS MATERIALIZED (
    SELECT s.*, m.alpha * s.semantic + (1 - m.alpha) * s.keyword AS first_score FROM scored s CROSS JOIN mixing m
), best AS MATERIALIZED (
    SELECT b.first_score, v.vector,
           %(feedback)s::float8
           * greatest(0, 1 - 2 * (SELECT words FROM query)::float8 / nullif(l.length, 0)) AS weight
    FROM (
        SELECT number, first_score FROM mixed WHERE NOT is_late AND is_candidate
        ORDER BY first_score DESC, number LIMIT 1
    ) b
    CROSS JOIN LATERAL (
        SELECT e.vector FROM concord.embedding e
        WHERE e.space_id = /*space*/0/*end*/ AND e.collection_id = %(collection_id)s AND e.document_number = b.number
        ORDER BY e.vector <#> (SELECT vector FROM query), e.chunk_id LIMIT 1
    ) v
    CROSS JOIN LATERAL (
        SELECT sum(n)::float8 AS length
        FROM concord.chunk c CROSS JOIN LATERAL unnest(c.term_counts) AS n
        WHERE c.collection_id = %(collection_id)s AND c.document_number = b.number
    ) l
);

-- name: piece_fused_with_feedback
SELECT m.number, m.is_late, m.pin, m.keyword, m.semantic, coalesce(b.weight, 0) AS feedback,
       coalesce(n.near, 0) AS near_best,
       (1 - coalesce(b.weight, 0)) * m.first_score + coalesce(b.weight * b.first_score * n.near, 0) AS score
FROM mixed m
LEFT JOIN best b ON true
CROSS JOIN LATERAL (
    SELECT greatest(max(-(e.vector <#> b.vector)), 0) AS near FROM concord.embedding e
    WHERE b.weight > 0 AND e.space_id = /*space*/0/*end*/ AND e.collection_id = %(collection_id)s
        AND e.document_number = m.number
) n;

-- name: piece_min_max
-- Each ranking stretched over its candidates.
query.alpha * coalesce((s.semantic - min(s.semantic) OVER ())
                       / nullif(max(s.semantic) OVER () - min(s.semantic) OVER (), 0), (s.semantic > 0)::int)
+ (1 - query.alpha) * coalesce((s.keyword - min(s.keyword) OVER ())
                       / nullif(max(s.keyword) OVER () - min(s.keyword) OVER (), 0), (s.keyword > 0)::int);

-- name: piece_rrf
-- Cormack, Clarke and Buettcher, Reciprocal Rank Fusion (2009), k = 60, as a share of the most.
61 * (query.alpha * CASE WHEN s.semantic > 0 THEN 1.0::float8 / (60 + rank() OVER (ORDER BY s.semantic DESC)) ELSE 0 END
      + (1 - query.alpha)
        * CASE WHEN s.keyword > 0 THEN 1.0::float8 / (60 + rank() OVER (ORDER BY s.keyword DESC)) ELSE 0 END);

-- name: piece_budgeted_score
-- Where all postings are too many, those that weigh most choose the documents of which then all are read.
, reading AS MATERIALIZED (
    SELECT t.part, t.alternative, t.term_id, t.weight, b.block,
           sum(b.posting_count) OVER (ORDER BY t.weight * t.weight * b.best_impact DESC, t.term_id, b.block)
           - b.posting_count < %(posting_budget)s AS is_first
    FROM term t
    CROSS JOIN LATERAL (
        SELECT block, posting_count, best_impact FROM /*block*/ concord.keyword_block /*end*/
        WHERE collection_id = %(collection_id)s AND term_id = t.term_id AND posting_count > 0
        OFFSET 0
    ) b
), first_score AS MATERIALIZED (
    /*first_sum*/ SELECT NULL::int AS index_number, 0::float8 AS score WHERE false /*end*/
), contender AS MATERIALIZED (
    SELECT index_number FROM (SELECT index_number FROM first_score
                              ORDER BY score DESC, index_number LIMIT %(contenders)s) f
    /*near_contenders*//*end*/
);

-- name: piece_first_blocks
AND t.is_first AND block = t.block;

-- name: piece_complete
coalesce((SELECT bool_and(is_first) FROM reading), true);

-- name: piece_near_contenders
UNION
SELECT d.index_number FROM near n
JOIN concord.document d ON d.collection_id = %(collection_id)s AND d.number = n.document_number;

-- name: piece_contended_sum
SELECT index_number, score FROM first_score WHERE (SELECT coalesce(bool_and(is_first), true) FROM reading)
UNION ALL
SELECT index_number, score FROM (/*second_sum*/ SELECT NULL::int AS index_number, 0::float8 AS score WHERE false /*end*/) c
WHERE (SELECT NOT bool_and(is_first) FROM reading);

-- name: piece_contended_postings
p.index_number IN (SELECT index_number FROM contender);

-- name: widen_vector_scan
-- Reads the index on until enough chunks pass.
SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', %(ef_search)s, true),
       set_config('hnsw.max_scan_tuples', %(max_scanned)s, true);
