"""`concord audit`: who wrote what."""

import json
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.cli.options import JsonOption, UrlOption

if TYPE_CHECKING:
    from rich.table import Table

    from shared.cli.api_client import ConcordApi

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.

audit = typer.Typer(no_args_is_help=True, help="Who wrote what, and who was refused.")
SinceOption = Annotated[datetime | None, typer.Option(help="Written at this moment of UTC or later.")]
UntilOption = Annotated[datetime | None, typer.Option(help="Written before this moment of UTC.")]
PrincipalOption = Annotated[str | None, typer.Option(help="By whom: admin, worker, key: and the key's id.")]
ActionOption = Annotated[str | None, typer.Option(help="As in documents.upsert.")]
OutcomeOption = Annotated[
    str | None, typer.Option(help="done, or why it was refused: permission_denied, key_ended.")
]
InCollectionOption = Annotated[
    str | None, typer.Option("--collection", "-c", metavar="C", help="By the name that it had then.")
]
_PATH = "/v1/audit"
_MOST_OF_A_PAGE = 1_000
_OBJECTS_SHOWN = 3


@audit.command("list")
def list_entries(
    since: SinceOption = None,
    until: UntilOption = None,
    principal: PrincipalOption = None,
    action: ActionOption = None,
    collection: InCollectionOption = None,
    outcome: OutcomeOption = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST_OF_A_PAGE, help="How many at most.")] = 50,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest entries."""
    from shared.cli.api_client import with_api
    from shared.cli.console import output, print_json

    asked = _asked(since, until, principal, action, collection, outcome) | {"limit": limit}
    found = with_api(url, lambda api: api.page(_PATH, **asked))
    if as_json:
        print_json({"entries": found["entries"]})
    else:
        output().print(_table(found["entries"]))


@audit.command("export")
def export_entries(
    since: SinceOption = None,
    until: UntilOption = None,
    principal: PrincipalOption = None,
    action: ActionOption = None,
    collection: InCollectionOption = None,
    outcome: OutcomeOption = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE|-", help="The file; - is standard output.")
    ] = "-",
    url: UrlOption = None,
) -> None:
    """Write entries as lines of JSON, the newest first.

    A file is there when it is whole, and not before; where standard output was cut off the exit code is 1.
    """
    from shared.cli.api_client import with_api
    from shared.cli.console import say

    asked = _asked(since, until, principal, action, collection, outcome) | {"limit": _MOST_OF_A_PAGE}
    count = with_api(url, lambda api: _write(api, asked, output))
    say(f"{count} entries")


async def _write(api: "ConcordApi", asked: dict[str, Any], output: str) -> int:
    from shared.cli.bundle_files import written
    from shared.cli.progress import counted

    count = 0
    with written(output) as file, counted("entries exported") as show:
        async with aclosing(api.listed(_PATH, "entries", **asked)) as entries:
            async for entry in entries:
                file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
                count += 1
                show(count)
    return count


def _asked(
    since: datetime | None,
    until: datetime | None,
    principal: str | None,
    action: str | None,
    collection: str | None,
    outcome: str | None,
) -> dict[str, Any]:
    wanted = {
        "since": since and since.replace(tzinfo=UTC).isoformat(),
        "until": until and until.replace(tzinfo=UTC).isoformat(),
        "principal": principal,
        "action": action,
        "collection": collection,
        "outcome": outcome,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _table(entries: list[dict[str, Any]]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table("written", "by", "action", "collection", "objects", "outcome")
    for entry in entries:
        shown = entry["objects"][:_OBJECTS_SHOWN]
        others = entry["object_count"] - len(shown)
        objects = ", ".join(shown) + (f" and {others} more" if shown and others else "")
        row = (
            entry["written_at"][:19].replace("T", " "),
            entry["principal"],
            entry["action"],
            entry["collection"] or "",
            objects or str(others or ""),
            entry["outcome"],
        )
        table.add_row(*map(Text, row))
    return table
