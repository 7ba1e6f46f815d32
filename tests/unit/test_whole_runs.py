"""When coverage is measured and enforced, and the work shared."""

from argparse import Namespace

import pytest

from tests.whole_runs import MOST_PROCESSES, count_processes, selects_all


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


@pytest.mark.parametrize(("processors", "processes"), [(1, 1), (2, 2), (64, MOST_PROCESSES)])
def test_all_tests_are_shared_between_processes(processors: int, processes: int) -> None:
    assert count_processes(Namespace(file_or_dir=[]), processors) == processes


def test_some_tests_run_in_this_process() -> None:
    assert count_processes(Namespace(file_or_dir=["tests/unit"]), processors=2) == 0
