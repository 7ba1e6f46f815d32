"""Every default of ranking, with the experiment that chose it in infra/decisions/0007-fusion.md."""

from enum import StrEnum


class SearchMode(StrEnum):
    HYBRID = "hybrid"
    KEYWORD = "keyword"
    SEMANTIC = "semantic"


# The share of meaning in a hybrid score; the rest is that of words.
DEFAULT_ALPHA = 0.5
# Documents each ranking contributes to the first hits; their order does not depend on what comes after them.
FIRST_CANDIDATES = 200
# Documents each ranking contributes to the hits behind those.
LATE_CANDIDATES = 1_000
# Collections of up to this many chunks are scanned exactly: faster than an index there, and never wrong.
EXACT_CHUNKS = 20_000
# So are the documents that a filter lets through, when they are no more than these.
FEW_DOCUMENTS = 2_000
# Chunks read through the index, the width of its scan and the most it visits for a filter (pgvector's
# hnsw.ef_search and hnsw.max_scan_tuples).
INDEXED_CHUNKS = 1_000
HNSW_WIDTH = 400
HNSW_MAX_SCANNED = 200_000
MAX_RESULT_WINDOW = 1_000
