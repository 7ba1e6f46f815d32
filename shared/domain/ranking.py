"""Every default of ranking, with the experiment that chose it in infra/decisions/0016-relevance.md."""

from enum import StrEnum


class SearchMode(StrEnum):
    HYBRID = "hybrid"
    KEYWORD = "keyword"
    SEMANTIC = "semantic"


class Fusion(StrEnum):
    """How the two rankings become one."""

    WEIGHTED = "weighted"
    MIN_MAX = "min_max"
    RRF = "rrf"


# The share of meaning in a hybrid score; the rest is that of words.
DEFAULT_ALPHA = 0.5
# How often a word of the title counts, and one of the body.
TITLE_WEIGHT, BODY_WEIGHT = 3.0, 1.0
# By how much a ranking's best document stands out is measured against the mean of so many.
PEAK_DOCUMENTS = 50
# The most that likeness to the best document makes up of a score.
FEEDBACK = 0.2
# Documents each ranking contributes to the first hits; their order does not depend on what comes after them.
FIRST_CANDIDATES = 100
# Documents each ranking contributes to the hits behind those, and to hits that are sorted by something else.
LATE_CANDIDATES = 1_000
SORTED_CANDIDATES = 10_000
# Chunks read to find that many documents.
FIRST_CHUNKS = 200
LATE_CHUNKS = 2_000
# Collections of up to this many chunks are scanned exactly: hardly slower than an index, and never wrong.
EXACT_CHUNKS = 10_000
# So are the documents that a condition lets through, when they are no more than these.
FEW_DOCUMENTS = 5_000
# A condition that lets less than this share of so many sampled documents through is looked up first, as it
# is in any collection of so few documents.
SELECTIVE_SHARE = 0.05
SAMPLED_DOCUMENTS = 200
SMALL_COLLECTION = 2_000
# Documents with a word that are counted, where a condition makes counting cost a look at each.
COUNTABLE = 2_000
# The width of a scan of the vector index and the most it visits for a condition (pgvector's hnsw.ef_search
# and hnsw.max_scan_tuples).
HNSW_WIDTH = 200
HNSW_MAX_SCANNED = 40_000
# Collections of more documents than these may have words with too many postings for one search: the
# weightiest of them, up to this many, choose the documents whose postings all are read.
BUDGETED_DOCUMENTS = 200_000
POSTING_BUDGET = 20_000
CONTENDERS = 1_000
MAX_RESULT_WINDOW = 1_000
