"""A pytest plugin: coverage is measured, and enforced, when the whole suite runs and only then.

`uv run pytest` selects all tests. With a path, `-k`, `--last-failed` and the like a run can neither reach
full coverage nor should it pay for measuring; `--no-cov` does the same by hand.
"""

from argparse import Namespace
from collections.abc import Generator

import pytest

# Options that leave tests out, as pytest and its plugins name them.
NARROWING = ("file_or_dir", "keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "stepwise")


def selects_all(options: Namespace) -> bool:
    narrowed = any(getattr(options, name, None) for name in NARROWING)
    return not narrowed and not getattr(options, "collectonly", False)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    # A wrapper comes before pytest-cov, which reads the option in this hook.
    if not selects_all(early_config.known_args_namespace):
        early_config.known_args_namespace.no_cov = True
    return (yield)
