"""`concord up`."""

from typing import Annotated

import typer

from shared.cli.options import HostOption, PortOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def up(
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    reload: Annotated[bool, typer.Option("--reload", help="Start anew when the code changes.")] = False,
) -> None:
    """Serve all functions on one port, with the worker and the schedules running.

    Starts a Postgres and a Redis in .concord/ unless DATABASE_URL names a database.
    """
    from shared.cli.serving import serve_all, serve_reloading

    if reload:
        serve_reloading(host, port)
    else:
        serve_all(host, port)
