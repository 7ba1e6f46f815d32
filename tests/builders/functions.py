"""Deployed functions as tests call them: their own handlers, fresh, with events and whole responses."""

import asyncio
import dataclasses
import gc
import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from fastapi import FastAPI

from shared.events.lambda_function import EventFunction
from shared.http.lambda_function import HttpFunction
from tests.builders.events import Event, LambdaContext

type Response = dict[str, Any]

TIME_OF_ANY = "<time>"
CHANGING_HEADERS = {"concord-usage", "content-length", "etag", "x-request-id"}
# The same on every answer: tests/functions/test_safe_headers.py.
SAFE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
IN_PRODUCTION = {"strict-transport-security": "max-age=31536000"}


class _Closable(Protocol):
    async def aclose(self) -> None: ...


class Functions:
    """Calls functions as Lambda would, each on settings read at its first call.

    One event loop serves all of them. `close` gives back what they opened.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._http: dict[str, HttpFunction[Any]] = {}
        self._events: dict[str, EventFunction[Any, Any]] = {}
        self._opened: list[_Closable] = []

    def __call__(
        self,
        name: str,
        event: Event,
        *,
        replace: Mapping[str, object] | None = None,
        raw: bool = False,
        seconds: float = 60.0,
    ) -> Response:
        """The response of an HTTP function, made `plain` unless it is to be `raw`.

        `replace` stands in for resources of that name that the function would open; `seconds` is the time
        that Lambda gives it.
        """
        asyncio.set_event_loop(self._loop)
        try:
            function = self._http.get(name)
            if function is None or replace:
                function = self._http[name] = self._http_function(name, replace or {})
            response = function(event, LambdaContext(name, seconds))
            return response if raw else plain(response)
        finally:
            asyncio.set_event_loop(None)

    def process(
        self,
        name: str,
        event: Event,
        *,
        seconds: float = 60.0,
        replace: Mapping[str, object] | None = None,
    ) -> Any:
        """What a queue, schedule or deployment function returns, as Lambda passes it on: in JSON.

        `replace`, at the first call, stands in for resources of that name.
        """
        function = self._events.get(name)
        if function is None:
            function = self._events[name] = self._event_function(name, replace or {})
        return json.loads(json.dumps(function(event, LambdaContext(name, seconds))))

    def close_http(self) -> None:
        """End the environments of functions behind HTTP; the next call begins others."""
        for http in self._http.values():
            if http._adapter is not None:
                self._loop.run_until_complete(cast(FastAPI, http._adapter.app).state.limits.aclose())
        for resource in self._opened:
            self._loop.run_until_complete(resource.aclose())
        self._http.clear()
        self._opened.clear()

    def close(self) -> None:
        self.close_http()
        for function in self._events.values():
            for closable in _closable(function._resources):
                function._runner.run(closable.aclose())
            function._runner.close()
        self._loop.close()
        gc.unfreeze()

    def _http_function(self, name: str, replace: Mapping[str, object]) -> HttpFunction[Any]:
        deployed: HttpFunction[Any] = importlib.import_module(f"functions.{name}.handler").handler
        openers = {
            resource: (lambda _settings, given=replace[resource]: given)
            if resource in replace
            else self._remembering(opener)
            for resource, opener in deployed.resources.items()
        }
        return HttpFunction(deployed.router, deployed.settings, **openers)

    def _event_function(self, name: str, replace: Mapping[str, object]) -> EventFunction[Any, Any]:
        deployed: EventFunction[Any, Any] = importlib.import_module(f"functions.{name}.handler").handler

        def open_resources(settings: Any) -> Any:
            opened = deployed.open_resources(settings)
            return dataclasses.replace(opened, **replace) if replace else opened

        return EventFunction(deployed._handle, deployed.settings, open_resources)

    def _remembering(self, opener: Callable[[Any], object]) -> Callable[[Any], object]:
        def open_and_remember(settings: Any) -> object:
            resource = opener(settings)
            if hasattr(resource, "aclose"):
                self._opened.append(cast(_Closable, resource))
            return resource

        return open_and_remember


def _closable(opened: Any) -> list[_Closable]:
    """What an event's function has opened, but its embedder, which tests share."""
    parts = [opened]
    if dataclasses.is_dataclass(opened):
        parts = [getattr(opened, part.name) for part in dataclasses.fields(opened) if part.name != "embedder"]
    return [part for part in parts if hasattr(part, "aclose")]


def plain(response: Response) -> Response:
    """A response with JSON parsed and times made comparable, without length, id, usage and safe headers."""
    headers = {
        name: text
        for name, text in response["headers"].items()
        if name not in CHANGING_HEADERS and text != (SAFE_HEADERS | IN_PRODUCTION).get(name)
    }
    body = response.get("body") or None
    if body and headers["content-type"] == "application/json":
        body = json.loads(body, object_hook=_plain_times)
    return {**response, "headers": headers, "body": body}


def _plain_times(fields: dict[str, Any]) -> dict[str, Any]:
    changing = {"created_at", "updated_at", "took_ms"}
    return {
        name: TIME_OF_ANY if name in changing and value is not None else value
        for name, value in fields.items()
    }
