import numpy as np
import pytest

from tests.benchmarks.peers.peer import first_of_each
from tests.benchmarks.search_data import Query, SearchData
from tests.benchmarks.search_measure import mean_ndcg, p95_interval
from tests.benchmarks.search_quality import exact_by_meaning, recall
from tests.benchmarks.searched_documents import Document


def query(vector: list[float], grades: dict[str, int]) -> Query:
    return Query("…", np.array(vector, np.float32), grades)


def test_exact_search_takes_a_documents_best_passage() -> None:
    documents = [
        Document("far", "", "", ["1"], np.array([[0, 1]], np.float32)),
        Document("near", "", "", ["2", "3"], np.array([[0.6, 0.8], [1, 0]], np.float32)),
        Document("empty", "", "", [], np.zeros((0, 2), np.float32)),
    ]
    asked = [query([1, 0], {})]
    assert exact_by_meaning(SearchData("", documents, {"long": asked}), asked) == [{"near": 1.0, "far": 0.0}]


def test_recall_is_the_share_of_the_ten_best() -> None:
    scores = {f"d{place}": 1 - place / 100 for place in range(30)}
    best = [f"d{place}" for place in range(10)]
    assert recall([best], [scores]) == 1
    assert recall([[*best[:9], "d20"]], [scores]) == pytest.approx(0.9)
    assert recall([[]], [scores]) == 0


def test_what_is_as_good_as_the_tenth_counts_like_it() -> None:
    scores = {"a": 1.0} | {f"tie{place}": 0.5 for place in range(20)}
    assert recall([["a", *(f"tie{place}" for place in range(11, 20))]], [scores]) == 1


def test_a_query_without_answers_is_not_counted() -> None:
    assert recall([[], ["a"]], [{}, {"a": 1.0}]) == 1


def test_quality_is_of_judged_queries_alone() -> None:
    judged, unjudged = query([1], {"a": 1}), query([1], {})
    assert mean_ndcg([["a"], ["b"]], [judged, unjudged]) == 1
    assert mean_ndcg([["b"]], [unjudged]) is None


def test_the_interval_is_around_the_percentile() -> None:
    low, high = p95_interval([float(value) for value in range(1, 201)])
    assert low <= 191 <= high
    assert 180 < low < high <= 200
    assert p95_interval([5.0] * 50) == (5.0, 5.0)


def test_documents_count_once_where_their_best_passage_is() -> None:
    assert first_of_each(["a", "b", "a", "c"]) == ["a", "b", "c"]
    assert len(first_of_each(str(number) for number in range(30))) == 10
