"""Redis that goes, hangs, is full, forgets, starts again: it costs speed and never an answer or a write."""

import time
from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from tests.builders.calls import Calls
from tests.builders.redis import RedisServer
from tests.faults.conftest import Figures, OpenFunctions

# What was not invalidated while Redis was away may be served for so long.
TTL_SECONDS = 2
# The cache may cost 50 ms of this; the rest is the database's, on a busy machine.
LONGEST_ANSWER_SECONDS = 1.5

type Harm = Callable[[RedisServer], None]


def fill(server: RedisServer) -> None:
    _client(server).config_set("maxmemory", "1")


def make_room(server: RedisServer) -> None:
    _client(server).config_set("maxmemory", "0")


def flush(server: RedisServer) -> None:
    _client(server).flushall()


def restart(server: RedisServer) -> None:
    server.kill()
    server.start()


def nothing(_server: RedisServer) -> None:
    """It is there already."""


def _client(server: RedisServer) -> Redis:
    return Redis.from_url(server.url)


FAULTS: dict[str, tuple[Harm, Harm]] = {
    "gone": (RedisServer.kill, RedisServer.start),
    "hangs": (RedisServer.pause, RedisServer.resume),
    "full": (fill, make_room),
    "flushed": (flush, nothing),
    "restarted": (restart, nothing),
}


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer("--maxmemory-policy", "noeviction") as started:
        yield started
        started.resume_or_start()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_redis_that_is_no_help(
    redis: RedisServer,
    database_url: str,
    functions_of: OpenFunctions,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    figures: Figures,
    rounds: int,
) -> None:
    monkeypatch.setenv("CACHE_TTL_SECONDS", str(TTL_SECONDS))
    functions = functions_of(database_url)
    monkeypatch.setenv("REDIS_URL", redis.url)
    calls = Calls(functions)
    calls.create()
    written = set()
    strike, mend = FAULTS[fault]
    for turn in range(rounds):
        for moment in ("before", "during"):
            calls.write(f"{turn}-{moment}")
            written.add(f"{turn}-{moment}")
            # Twice: what the cache can keep of it is there from now on.
            assert [calls.found("harbour") for _ in range(2)] == [written] * 2
            if moment == "before":
                strike(redis)
        started = time.monotonic()
        assert calls.found("harbour") == written
        assert time.monotonic() - started < LONGEST_ANSWER_SECONDS
        mend(redis)
        _wait_for(lambda: calls.found("harbour") == written)
        _wait_for(lambda: calls.cached("harbour"))
    figures.add(f"Redis: {fault}", calls.recount(database_url))


def _wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TTL_SECONDS + 3
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)
