import pytest

from shared.cli.bootstrap import paired_bootstrap


def test_a_gain_of_every_query_is_certain() -> None:
    compared = paired_bootstrap([0.1, 0.2, 0.3, 0.4], [0.2, 0.3, 0.4, 0.5])
    assert (compared.difference, compared.low, compared.high) == pytest.approx((0.1, 0.1, 0.1))
    assert compared.p == 0.0


def test_a_loss_of_every_query_is_certain_too() -> None:
    compared = paired_bootstrap([0.5, 0.5], [0.25, 0.0])
    assert compared.difference == pytest.approx(-0.375)
    assert -0.5 <= compared.low <= compared.high <= -0.25
    assert compared.p == 0.0


def test_what_is_equal_differs_by_nothing() -> None:
    compared = paired_bootstrap([0.3, 0.7], [0.3, 0.7])
    assert (compared.difference, compared.low, compared.high, compared.p) == (0.0, 0.0, 0.0, 1.0)


def test_as_many_gains_as_losses_are_luck() -> None:
    compared = paired_bootstrap([0.5] * 100, [0.4, 0.6] * 50)
    assert compared.difference == pytest.approx(0.0)
    # The mean of 100 draws of +-0.1 has a standard deviation of 0.01.
    assert compared.low == pytest.approx(-0.0196, abs=0.003)
    assert compared.high == pytest.approx(0.0196, abs=0.003)
    assert compared.p > 0.9


def test_queries_stay_paired() -> None:
    before = [number / 100 for number in range(100)]
    after = [value + 0.01 for value in before]
    assert paired_bootstrap(before, after).p == 0.0
    assert paired_bootstrap(before, after[::-1]).p > 0.05


def test_the_same_values_give_the_same_answer() -> None:
    before, after = [0.1, 0.5, 0.9, 0.2], [0.3, 0.4, 1.0, 0.1]
    assert paired_bootstrap(before, after) == paired_bootstrap(before, after)
    assert paired_bootstrap(before, after, resamples=200) != paired_bootstrap(
        before, after, resamples=200, seed=1
    )


def test_measures_of_other_queries_are_not_compared() -> None:
    with pytest.raises(ValueError, match="shorter"):
        paired_bootstrap([0.1, 0.2], [0.1])
    with pytest.raises(ValueError, match="nothing to compare"):
        paired_bootstrap([], [])
