"""Fixtures of the tests of commands."""

from collections.abc import Iterator

import pytest

from tests.builders.deployment import Deployment, deployed


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as told:
        yield told
