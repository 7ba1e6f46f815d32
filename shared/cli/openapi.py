"""`concord openapi`."""

import sys
from typing import Annotated

import typer

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def openapi(
    write: Annotated[
        bool, typer.Option("--write", help="Write it where the function openapi_get finds it.")
    ] = False,
) -> None:
    """Print the whole API's OpenAPI document."""
    from shared.cli.console import say
    from shared.local.openapi import COMMITTED, openapi_text

    text = openapi_text()
    if write:
        COMMITTED.write_text(text, encoding="utf-8")
        say(f"Wrote {COMMITTED}.")
    else:
        sys.stdout.write(text)
