"""`concord demo`."""

from typing import Annotated

import typer

from shared.cli.options import HostOption, JsonOption, PortOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the searches.")] = False,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    as_json: JsonOption = False,
) -> None:
    """Try Concord on real documents: the READMEs of the Python packages installed beside it.

    Starts a Postgres in .concord/ unless DATABASE_URL names one, stores the first 3,000 characters of
    each README in the collection `demo`, embeds them, runs three searches, and serves the API.
    """
    from shared.cli.demonstration import demonstrate

    demonstrate(None if once else (host, port), as_json=as_json)
