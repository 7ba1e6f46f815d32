"""On Lambda a function is ready, or has failed, before its first event."""

import asyncio
import gc
import importlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from shared.config import ConfigurationError
from shared.events.custom_resource import CustomResourceFunction
from shared.events.lambda_function import EventFunction, deadline
from shared.http.lambda_function import HttpFunction
from tests.builders.events import LambdaContext, http_event

NAMES = [
    "documents_get",
    "documents_search",
    "documents_upsert",
    "chunks_embed",
    "indexes_maintain",
]


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The loop that Lambda's own main thread has."""
    made = asyncio.new_event_loop()
    yield made
    asyncio.set_event_loop(None)
    made.close()


type Function = HttpFunction[Any] | EventFunction[Any, Any] | CustomResourceFunction[Any]


def start(name: str) -> Function:
    """The function as its module makes it."""
    deployed: Function
    deployed = importlib.import_module(f"functions.{name}.handler").handler
    if isinstance(deployed, CustomResourceFunction):
        return CustomResourceFunction(
            deployed._work,
            deployed.settings,
            physical_id=deployed._physical_id,
            attributes=deployed._attributes,
        )
    if isinstance(deployed, HttpFunction):
        return HttpFunction(deployed.router, deployed.settings, **deployed.resources)
    return EventFunction(deployed._handle, deployed.settings, deployed.open_resources)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_setting_stops_the_start_and_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    start(name)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", name)
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        start(name)


def test_a_complete_one_answers(monkeypatch: pytest.MonkeyPatch, loop: asyncio.AbstractEventLoop) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "health_get")
    asyncio.set_event_loop(loop)
    assert start("health_get")(http_event("GET", "/health"), LambdaContext("health_get"))["statusCode"] == 200


@pytest.fixture
def _collecting_again() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.usefixtures("_collecting_again")
@pytest.mark.parametrize("name", [*NAMES, "database_migrate"])
def test_garbage_is_collected_from_the_end_of_the_start_on(
    name: str, monkeypatch: pytest.MonkeyPatch, loop: asyncio.AbstractEventLoop
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", name)
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/postgres")
    asyncio.set_event_loop(loop)
    gc.disable()
    gc.unfreeze()
    start(name)
    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000


@pytest.mark.parametrize(("seconds", "used"), [(300.0, 225.0), (60.0, 45.0), (900.0, 825.0)])
def test_a_run_ends_in_time_to_give_back_what_it_holds(seconds: float, used: float) -> None:
    assert deadline(LambdaContext("x", seconds)) - time.monotonic() == pytest.approx(used, abs=2)


def test_a_run_without_a_time_limit_has_five_minutes() -> None:
    assert deadline(None) - time.monotonic() == pytest.approx(300, abs=2)
