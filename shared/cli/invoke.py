"""`concord invoke`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from shared.local.function_list import DeployedFunction

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def invoke(
    function: Annotated[
        str, typer.Argument(metavar="FUNCTION", help="A name that `concord functions` lists.")
    ],
    event: Annotated[
        str | None, typer.Option("--event", metavar="FILE|-", help="A Lambda event as JSON; - reads stdin.")
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", help="Of an HTTP request to make an event of.")
    ] = None,
    path: Annotated[str | None, typer.Option("--path", help="Its path, with a query if need be.")] = None,
    body: Annotated[str | None, typer.Option("--body", help="Its body, as JSON.")] = None,
) -> None:
    """Call a function's own Lambda handler with an event and print what it returns, as JSON.

    For a function behind HTTP give --method, --path and --body, or an API Gateway event by --event; for
    one behind a queue an SQS event. Without any, a schedule's function gets the schedule's event.
    """
    from shared.cli.console import print_json
    from shared.config import DatabaseSettings
    from shared.local.environment import laptop_environment
    from shared.local.function_list import find_function
    from shared.local.lambda_calls import context_of, main_event_loop

    deployed = find_function(function)
    sent = _event(deployed, event, method, path, body)
    handler = deployed.load()
    if issubclass(handler.settings, DatabaseSettings):
        with laptop_environment(), main_event_loop():
            print_json(handler(sent, context_of(deployed)))
    else:
        with main_event_loop():
            print_json(handler(sent, context_of(deployed)))


def _event(
    deployed: "DeployedFunction", event: str | None, method: str | None, path: str | None, body: str | None
) -> Any:
    from shared.cli.api_key import api_key
    from shared.local.lambda_calls import default_event, http_event

    if event is not None:
        if method or path or body:
            raise typer.BadParameter("an event has its own method, path and body", param_hint="--event")
        return _read_event(event)
    if path is not None:
        encoded = None if body is None else body.encode("utf-8", "surrogateescape")
        default = "GET" if encoded is None else "POST"
        return http_event(method or default, path, encoded, api_key())
    if method or body:
        raise typer.BadParameter("an HTTP request needs a path", param_hint="--path")
    default_sent = default_event(deployed)
    if default_sent is None:
        route = deployed.routes[0]
        hint = f"this function answers {route.method} {route.path}: say what to ask it"
        raise typer.BadParameter(hint, param_hint="--path")
    return default_sent


def _read_event(source: str) -> Any:
    try:
        text = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return json.loads(text)
    except OSError as error:
        raise typer.BadParameter(f"{source}: {error.strerror}", param_hint="--event") from None
    except ValueError:
        raise typer.BadParameter(f"{source} is not JSON", param_hint="--event") from None
