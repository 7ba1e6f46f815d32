import math

import pytest

from shared.cli.metrics import ndcg, percentile, recall, reciprocal_rank

GRADES = {"a": 3, "b": 2, "c": 0}


def test_the_best_order_has_an_ndcg_of_one() -> None:
    assert ndcg(["a", "b", "c"], GRADES) == 1.0


def test_ndcg_discounts_by_rank() -> None:
    ideal = 3 / math.log2(2) + 2 / math.log2(3)
    assert ndcg(["c", "b", "a"], GRADES) == pytest.approx((2 / math.log2(3) + 3 / math.log2(4)) / ideal)


def test_ndcg_looks_at_the_first_ten() -> None:
    others = [f"other-{number}" for number in range(10)]
    assert ndcg([*others, "a", "b"], GRADES) == 0.0
    assert ndcg([*others[:9], "a"], {"a": 1}) == pytest.approx(1 / math.log2(11))


def test_ndcg_compares_with_no_more_than_ten() -> None:
    relevant = {str(number): 1 for number in range(20)}
    assert ndcg([str(number) for number in range(10)], relevant) == 1.0


def test_documents_of_one_grade_may_stand_in_any_order() -> None:
    tied = {"a": 2, "b": 2, "c": 1}
    assert ndcg(["a", "b", "c"], tied) == ndcg(["b", "a", "c"], tied) == 1.0
    assert ndcg(["c", "a", "b"], tied) < 1.0


def test_a_query_without_a_relevant_document_has_nothing_to_gain() -> None:
    no_grades: dict[str, int] = {}
    for grades in (no_grades, {"a": 0}, {"a": -1}):
        assert ndcg(["a", "b"], grades) == 0.0
        assert recall(["a", "b"], grades) == 0.0
        assert reciprocal_rank(["a", "b"], grades) == 0.0


def test_an_empty_ranking_finds_nothing() -> None:
    assert ndcg([], GRADES) == recall([], GRADES) == reciprocal_rank([], GRADES) == 0.0


def test_a_negative_grade_counts_as_irrelevant() -> None:
    assert ndcg(["a"], {"a": -1}) == 0.0
    assert ndcg(["a", "b"], {"a": -1, "b": 1}) == pytest.approx(1 / math.log2(3))


def test_recall_is_the_share_of_relevant_documents() -> None:
    assert recall(["x", "a"], GRADES) == 0.5
    assert recall(["a", "b"], GRADES) == 1.0
    assert recall(["a", "b"], GRADES, cutoff=1) == 0.5
    assert recall(["c"], {"c": 0}) == 0.0


def test_reciprocal_rank_is_that_of_the_first_relevant_document() -> None:
    assert reciprocal_rank(["c", "x", "b", "a"], GRADES) == pytest.approx(1 / 3)
    assert reciprocal_rank(["c", "x"], GRADES) == 0.0
    assert reciprocal_rank([*"0123456789", "a"], GRADES) == 0.0


def test_percentiles_are_values_that_occurred() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert percentile(values, 0.5) == 3.0
    assert percentile(values, 0.95) == 5.0
    assert percentile(values, 0.0) == 1.0
    assert percentile([7.0], 0.5) == 7.0


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)
