"""Buckets: what is let through, when, and what is told of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.limits import Bucket, Rate, address_name, bucket_of, rate_of
from shared.domain.principals import ADMIN, Limits
from shared.security.rate_limits import ProcessBuckets


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def bucket(name: str = "a", per_second: float = 10, burst: int = 3) -> Bucket:
    return Bucket(name, Rate(per_second, burst))


def test_a_bucket_gives_its_burst_and_then_what_flows_in() -> None:
    clock = Clock()
    buckets = ProcessBuckets(clock=clock)
    assert [buckets.take([bucket()]).left for _ in range(3)] == [2, 1, 0]
    refused = buckets.take([bucket()])
    assert (refused.refused_by, refused.left) == (0, 0)
    assert refused.wait_seconds == pytest.approx(0.1)
    assert refused.full_after_seconds == pytest.approx(0.3)
    clock.now += refused.wait_seconds
    assert buckets.take([bucket()]).refused_by is None
    assert buckets.take([bucket()]).refused_by == 0
    clock.now += 60
    taken = buckets.take([bucket()])
    assert taken[:3] == (None, 0.0, 2)
    assert taken.full_after_seconds == pytest.approx(0.1)


def test_all_buckets_give_or_none() -> None:
    buckets = ProcessBuckets(clock=Clock())
    narrow, wide = bucket("narrow", burst=1), bucket("wide", burst=9)
    assert buckets.take([wide, narrow]).left == 8
    for _ in range(5):
        assert buckets.take([wide, narrow]).refused_by == 1
    # What the narrow one refused was not taken from the wide one.
    assert buckets.take([wide]).left == 7


@given(st.lists(st.floats(min_value=0, max_value=3), max_size=40), st.integers(1, 5), st.integers(1, 20))
def test_never_more_than_the_burst_and_what_flowed_in(pauses: list[float], burst: int, rate: int) -> None:
    clock = Clock()
    buckets = ProcessBuckets(clock=clock)
    given_at = []
    for pause in pauses:
        clock.now += pause
        if buckets.take([bucket(per_second=rate, burst=burst)]).refused_by is None:
            given_at.append(clock.now)
    for first in range(len(given_at)):
        for last in range(first, len(given_at)):
            assert last - first + 1 <= burst + rate * (given_at[last] - given_at[first]) + 0.001


def test_strangers_do_not_fill_the_memory() -> None:
    clock = Clock()
    buckets = ProcessBuckets(clock=clock, most=3)
    for name in "abc":
        buckets.take([bucket(name)])
    clock.now += 0.2
    # The three are full again, as if they had never been there.
    buckets.take([bucket("d")])
    assert set(buckets._full_at) == {"d"}
    for name in "efg":
        buckets.take([bucket(name)])
    # Nobody is: the one who has waited longest goes.
    assert set(buckets._full_at) == {"e", "f", "g"}


def test_a_principal_may_have_a_rate_of_its_own() -> None:
    everybodys = rate_of(5)
    assert everybodys == Rate(5, 10)
    assert bucket_of(ADMIN, None) is None
    assert bucket_of(ADMIN, everybodys) == Bucket("principal:admin", everybodys)
    other = ADMIN._replace(limits=Limits(max_limit=3))
    assert bucket_of(other, everybodys) == Bucket("principal:admin", everybodys)
    slow = ADMIN._replace(limits=Limits(requests_per_second=0.2))
    assert bucket_of(slow, everybodys) == Bucket("principal:admin", Rate(0.2, 1))
    fast = ADMIN._replace(limits=Limits(requests_per_second=100, burst=7))
    assert bucket_of(fast, None) == Bucket("principal:admin", Rate(100, 7))


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.7", "address:192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2::"),
        ("2001:db8:1:2::9", "address:2001:db8:1:2::"),
        ("", "address:"),
        ("testclient", "address:testclient"),
    ],
)
def test_whoever_has_one_address_of_a_network_has_all(host: str, name: str) -> None:
    assert address_name(host) == name
