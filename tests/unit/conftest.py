"""Unit tests reach nothing outside their process."""

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Unix sockets stay: every event loop wakes itself through a pair of them."""
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
