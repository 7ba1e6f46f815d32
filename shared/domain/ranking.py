"""Every default of ranking, with the experiment that chose it in infra/decisions/0007-fusion.md."""

from enum import StrEnum


class SearchMode(StrEnum):
    HYBRID = "hybrid"
    KEYWORD = "keyword"
    SEMANTIC = "semantic"


# The share of meaning in a hybrid score; the rest is that of words.
DEFAULT_ALPHA = 0.5
# Documents each ranking may contribute to a hybrid page, at least.
CANDIDATE_DOCUMENTS = 200
# Chunks the vector ranking reads to find that many documents.
CANDIDATE_CHUNKS = 400
# Collections of up to this many chunks are scanned exactly: faster than an index there, and never wrong.
EXACT_CHUNKS = 20_000
# The width of an HNSW scan (pgvector's hnsw.ef_search).
HNSW_WIDTH = 400
MAX_RESULT_WINDOW = 1_000
