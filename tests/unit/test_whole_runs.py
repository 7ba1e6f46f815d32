"""When coverage is measured and enforced."""

from argparse import Namespace

import pytest

from tests.whole_runs import selects_all


def test_plain_pytest_selects_all() -> None:
    assert selects_all(Namespace(file_or_dir=[], keyword="", markexpr="", deselect=None, lf=False))


@pytest.mark.parametrize(
    "narrowing",
    [
        {"file_or_dir": ["tests/unit"]},
        {"keyword": "search"},
        {"markexpr": "slow"},
        {"deselect": ["tests/unit/test_x.py"]},
        {"ignore": ["tests/e2e"]},
        {"lf": True},
        {"stepwise": True},
        {"collectonly": True},
    ],
)
def test_what_leaves_tests_out_does_not(narrowing: dict[str, object]) -> None:
    assert not selects_all(Namespace(**{"file_or_dir": [], **narrowing}))
