"""Ways of ranking an indexed collection: the one that is kept, and those that lost against it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from shared.cli.metrics import NDCG_CUTOFF, ndcg
from tests.benchmarks.relevance_data import Floats, Indexed, Integers, Query

CANDIDATES = 200
PEAK = 50
FEEDBACK_PER_QUERY_LENGTH = 2

type Frequency = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Keyword:
    """BM25 (Robertson and Zaragoza, 2009); `delta` is that of BM25+ (Lv and Zhai, 2011)."""

    k1: float = 1.2
    b: float = 0.75
    title: float = 1.0
    delta: float = 0.0
    power: float = 1.0
    query_frequency: Frequency = field(default=float)

    def share(self, collection: Indexed, query: Query) -> Floats:
        """Of each document, its score as a share of the most it could be, 0 to 1."""
        scores, most = np.zeros(len(collection.ids)), 0.0
        for term, count in query.words:
            found = collection.postings.get(term) if term is not None else None
            known = 0 if found is None else len(found.documents)
            rarity = np.log1p((collection.documents - known + 0.5) / (known + 0.5)) ** self.power
            weight = self.query_frequency(count) * rarity
            most += weight
            if found is None:
                continue
            frequency = found.frequencies + (self.title - 1) * found.title_frequencies
            length = collection.lengths[found.documents] / collection.average_length
            part = frequency / (frequency + self.k1 * (1 - self.b + self.b * length))
            scores[found.documents] += weight * (part + self.delta) / (1 + self.delta)
        return scores / most if most else scores


type Chunks = Callable[[Indexed, Floats], Floats]
type Fuse = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True, slots=True)
class Ranking:
    """A hybrid ranking. `fuse` takes the candidates' shares and similarities; without, they are mixed."""

    keyword: Keyword = Keyword()
    chunks: Chunks = Indexed.best_of
    fuse: Fuse | None = None
    alpha: float = 0.5
    peaks: float = 0.0
    feedback: float = 0.0
    feedback_from: int = 1
    by_length: bool = True
    candidates: str = "both"


def quality(ranking: Ranking, collection: Indexed) -> list[float]:
    """nDCG@10 of each query."""
    return [ndcg(_best(ranking, collection, query), query.grades) for query in collection.queries]


def _best(ranking: Ranking, collection: Indexed, query: Query) -> list[str]:
    share = ranking.keyword.share(collection, query)
    meaning = ranking.chunks(collection, collection.vectors @ query.vector)
    sources = {"both": (share, meaning), "keyword": (share,), "semantic": (meaning,)}[ranking.candidates]
    found = np.unique(np.concatenate([_first(scores, CANDIDATES) for scores in sources]))
    if ranking.candidates != "both":
        scores = sources[0][found]
    elif ranking.fuse is not None:
        scores = ranking.fuse(share[found], meaning[found])
    else:
        scores = _mixed(ranking, np.sqrt(share[found]), meaning[found], has_words=bool(share.any()))
        if ranking.feedback:
            scores = _fed_back(ranking, collection, query, found, scores)
    return [collection.ids[found[place]] for place in np.argsort(-scores, kind="stable")[:NDCG_CUTOFF]]


def _first(scores: Floats, count: int) -> Integers:
    places = np.argsort(-scores, kind="stable")[:count]
    return places[scores[places] > 0]


def _mixed(ranking: Ranking, words: Floats, meaning: Floats, *, has_words: bool) -> Floats:
    if not has_words:
        return meaning
    of_meaning, of_words = _peak(meaning), _peak(words)
    both = of_meaning + of_words
    share = of_meaning / both if both else 0.5
    alpha = (1 - ranking.peaks) * ranking.alpha + ranking.peaks * share
    return alpha * meaning + (1 - alpha) * words


def _peak(scores: Floats) -> float:
    best = np.sort(scores)[::-1][:PEAK]
    return float(best[0] - best.mean()) if len(best) else 0.0


def _fed_back(ranking: Ranking, collection: Indexed, query: Query, found: Integers, scores: Floats) -> Floats:
    """Mix each score with those of the best documents, as far as it is near to them in meaning.

    Diaz, Regularizing ad hoc retrieval scores (2005), for the very best alone. A best document that is hardly
    longer than the query says nothing that the query has not said.
    """
    ends = np.append(collection.first_chunks[1:], len(collection.vectors))
    near, total = np.zeros(len(found)), 0.0
    best = np.argsort(-scores, kind="stable")[: ranking.feedback_from]
    for place in best:
        document = found[place]
        own = collection.vectors[collection.first_chunks[document] : ends[document]]
        nearest = own[np.argmax(own @ query.vector)]
        near += scores[place] ** 2 * collection.best_of(collection.vectors @ nearest)[found]
        total += float(scores[place])
    said = sum(count for _, count in query.words)
    length = collection.lengths[found[best[0]]] if len(best) else 0.0
    says_more = max(0.0, 1 - FEEDBACK_PER_QUERY_LENGTH * said / length) if length else 0.0
    weight = ranking.feedback * (says_more if ranking.by_length else 1.0)
    return (1 - weight) * scores + weight * near / total if total else scores
