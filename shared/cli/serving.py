"""Serves the API over HTTP until the user has enough."""

import socket
from contextlib import suppress
from pathlib import Path

import uvicorn
import uvloop
from fastapi import FastAPI

from shared.cli.console import say
from shared.errors import ConcordError
from shared.local.environment import laptop_environment
from shared.local.host import create_application, running

_GRACE_SECONDS = 5
# What the functions read beside their code, too: statements, the filters' grammar, the API's description.
_RELOADED_FILES = ["*.py", "*.sql", "*.lark", "*.json"]


class PortTaken(ConcordError):
    """The port is in use."""


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, so that a taken port is known before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        reason = error.strerror or "it cannot be used"
        raise PortTaken(f"Cannot listen on {host}:{port}: {reason}. Choose another with --port.") from None
    return bound


def address_of(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(application: FastAPI, bound: socket.socket) -> None:
    """Answer until SIGINT or SIGTERM. The application is running already."""
    config = uvicorn.Config(
        application,
        lifespan="off",
        # Whoever is connected is who asks: an address in a header is limited like any other text.
        proxy_headers=False,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    say(f"Concord answers on {address_of(bound)}, described at {address_of(bound)}/docs. Ctrl-C stops.")
    # Having stopped, the server raises the signal again for us; stopping is all it asks for.
    with suppress(KeyboardInterrupt):
        await uvicorn.Server(config).serve(sockets=[bound])


def serve_all(host: str, port: int) -> None:
    """All functions on one port, with the worker and the schedules, until SIGINT or SIGTERM."""

    async def run(bound: socket.socket) -> None:
        async with running(create_application()) as application:
            await serve(application, bound)

    with listen(host, port) as bound, laptop_environment(with_redis=True), suppress(KeyboardInterrupt):
        uvloop.run(run(bound))


def serve_reloading(host: str, port: int) -> None:
    """The same in a process of its own, which is started anew whenever the code changes."""
    root = Path(__file__).parents[2]
    listen(host, port).close()
    with laptop_environment(with_redis=True), suppress(KeyboardInterrupt):
        say(f"Concord answers on http://{host}:{port} and starts anew when its code changes. Ctrl-C stops.")
        uvicorn.run(
            "shared.local.host:create_application",
            factory=True,
            host=host,
            port=port,
            reload=True,
            proxy_headers=False,
            reload_dirs=[str(root / "functions"), str(root / "shared")],
            reload_includes=_RELOADED_FILES,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
