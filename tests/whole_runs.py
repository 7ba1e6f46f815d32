"""A pytest plugin: when the whole suite runs, and only then, coverage is measured and the work is shared.

`uv run pytest` selects all tests. With a path, `-k`, `--last-failed` and the like a run can neither reach
full coverage nor should it pay for measuring, or for several processes with servers of their own; `--no-cov`
and `-n 0` do the same by hand.
"""

import os
from argparse import Namespace
from collections.abc import Generator

import pytest

# Options that leave tests out, as pytest and its plugins name them.
NARROWING = ("file_or_dir", "keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "stepwise")
# Each has servers of its own, whose data are in memory.
MOST_PROCESSES = 4


def selects_all(options: Namespace) -> bool:
    narrowed = any(getattr(options, name, None) for name in NARROWING)
    return not narrowed and not getattr(options, "collectonly", False)


def count_processes(options: Namespace, processors: int) -> int:
    """How many processes share the tests; 0 is this one alone."""
    return min(processors, MOST_PROCESSES) if selects_all(options) else 0


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    # A wrapper comes before pytest-cov, which reads the option in this hook.
    if not selects_all(early_config.known_args_namespace):
        early_config.known_args_namespace.no_cov = True
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    # Processes that somebody asks for, with -n, are told as well that nothing is measured.
    config.option.no_cov = config.known_args_namespace.no_cov
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    return count_processes(config.option, os.cpu_count() or 1)
