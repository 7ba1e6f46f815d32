"""`concord ingest`."""

import sys
from typing import Annotated, Any

import typer

from shared.cli.exit_codes import ExitCode
from shared.cli.options import CollectionOption, JsonOption, UrlOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def ingest(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH…", help="Texts, folders of them, NDJSON files, or - for NDJSON from stdin."
        ),
    ],
    collection: CollectionOption,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all are embedded.")] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store documents in a collection, which is created when missing.

    Read are .md, .markdown, .rst and .txt files and NDJSON or JSONL with {"id", "title", "body", "url",
    "metadata"} per line (BEIR's "_id" and "text" too). A file's id is its path where that can be an id.
    """
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.console import print_json, say
    from shared.cli.document_sources import read_paths
    from shared.cli.ingestion import IngestReport, wait_until_embedded
    from shared.cli.ingestion import ingest as send
    from shared.cli.progress import counted, shrinking

    async def run(api: ConcordApi) -> tuple[IngestReport, dict[str, Any]]:
        await api.ensure_collection(collection)
        with counted("documents stored") as stored:
            report = await send(api, collection, read_paths(paths, sys.stdin.buffer), stored)
        if wait:
            with shrinking("documents embedded") as left:
                return report, await wait_until_embedded(api, collection, left)
        return report, await api.collection(collection)

    report, found = with_api(url, run, with_worker=wait)
    counts = report.as_json()
    for error in report.errors:
        say(f"{error.source}: {error.message}")
    if as_json:
        waiting = {"pending": found["pending"], "failed_embeddings": found["failed"]}
        print_json({"collection": collection, **counts, **waiting})
    else:
        _print_summary(collection, counts)
    if found["pending"]:
        how = "" if url else " `concord up` embeds them, as does `ingest --wait`."
        say(f"Found by words only until they are embedded: {found['pending']}.{how}")
    if found["failed"]:
        say(f"Not embedded: {found['failed']}; each one's embedding_error says why.")
    if report.errors or found["failed"]:
        raise typer.Exit(ExitCode.FAILED)


def _print_summary(collection: str, counts: dict[str, Any]) -> None:
    from shared.cli.console import output

    numbers = ", ".join(f"{counts[name]} {name}" for name in ("created", "updated", "unchanged", "failed"))
    output().print(f"{collection}: {numbers}")
