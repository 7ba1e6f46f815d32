"""How good a ranking is, by judged documents."""

import math
from collections.abc import Mapping, Sequence

NDCG_CUTOFF = 10
RECALL_CUTOFF = 100
MRR_CUTOFF = 10


def ndcg(ranking: Sequence[str], relevance: Mapping[str, int], cutoff: int = NDCG_CUTOFF) -> float:
    """The gain of each rank (its grade, as in trec_eval) by log2 of rank + 1, as a share of the best.

    A query without a relevant document has 0, as it has there, and counts in a mean.
    Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques (2002).
    """
    gains = [max(relevance.get(document, 0), 0) for document in ranking[:cutoff]]
    best = sorted((max(grade, 0) for grade in relevance.values()), reverse=True)[:cutoff]
    ideal = _discounted(best)
    return _discounted(gains) / ideal if ideal else 0.0


def recall(ranking: Sequence[str], relevance: Mapping[str, int], cutoff: int = RECALL_CUTOFF) -> float:
    """The share of the relevant documents that are among the first `cutoff`."""
    relevant = {document for document, grade in relevance.items() if grade > 0}
    return len(relevant & set(ranking[:cutoff])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], relevance: Mapping[str, int], cutoff: int = MRR_CUTOFF) -> float:
    """One over the rank of the first relevant document, or 0 when there is none among `cutoff`."""
    for rank, document in enumerate(ranking[:cutoff], start=1):
        if relevance.get(document, 0) > 0:
            return 1 / rank
    return 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of all are not above. Raises ValueError without values."""
    if not values:
        raise ValueError("there are no values")
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
