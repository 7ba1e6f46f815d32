"""`concord ingest`."""

import sys
from typing import TYPE_CHECKING, Any

import typer

from shared.cli.exit_codes import ExitCode
from shared.cli.ingest_options import (
    DryRunOption,
    ExcludeOption,
    IdFieldOption,
    IncludeOption,
    PathsArgument,
    PolicyOption,
    WaitOption,
)
from shared.cli.options import CollectionOption, JsonOption, UrlOption
from shared.domain.imports import DirtyPolicy

if TYPE_CHECKING:
    from shared.cli.ingestion import IngestReport

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def ingest(
    paths: PathsArgument,
    collection: CollectionOption,
    wait: WaitOption = False,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    policy: PolicyOption = DirtyPolicy.REJECT,
    id_field: IdFieldOption = None,
    dry_run: DryRunOption = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store documents in a collection, which is created when missing.

    Read are PDF, DOCX, XLSX, CSV, HTML, JSON, Markdown, reStructuredText and texts, one document each, and
    many in NDJSON or JSONL with {"id", "title", "body", "url", "metadata"} per line (BEIR's "_id" and "text"
    too) and in CSV with a column of ids. A file's id is its path where that can be an id.
    """
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.console import say
    from shared.cli.document_sources import Selection, read_paths
    from shared.cli.file_imports import ImportChoices
    from shared.cli.ingestion import IngestReport, wait_until_embedded
    from shared.cli.ingestion import ingest as send
    from shared.cli.progress import counted, shrinking
    from shared.local.worker import IMPORTS

    selection = Selection(tuple(include or ()), tuple(exclude or ()), id_field)
    choices = ImportChoices(policy.value, dry_run, id_field)

    async def run(api: ConcordApi) -> tuple[IngestReport, dict[str, Any]]:
        await api.ensure_collection(collection)
        with counted("documents stored") as stored:
            items = read_paths(paths, sys.stdin.buffer, selection)
            report = await send(api, collection, items, stored, choices)
        if wait:
            with shrinking("documents embedded") as left:
                return report, await wait_until_embedded(api, collection, left)
        return report, await api.collection(collection)

    report, found = with_api(url, run, with_worker=wait or (IMPORTS,))
    _print_report(collection, report, found, as_json=as_json)
    if found["pending"]:
        how = "" if url else " `concord up` embeds them, as does `ingest --wait`."
        say(f"Found by words only until they are embedded: {found['pending']}.{how}")
    if found["failed"]:
        say(f"Not embedded: {found['failed']}; each one's embedding_error says why.")
    if report.errors or found["failed"]:
        raise typer.Exit(ExitCode.FAILED)


def _print_report(collection: str, report: "IngestReport", found: dict[str, Any], *, as_json: bool) -> None:
    from shared.cli.console import output, print_json, say

    for error in report.errors:
        say(f"{error.source}: {error.message}")
    counts = report.as_json()
    if as_json:
        waiting = {"pending": found["pending"], "failed_embeddings": found["failed"]}
        print_json({"collection": collection, **counts, **waiting})
        return
    numbers = ", ".join(f"{counts[name]} {name}" for name in ("created", "updated", "unchanged", "failed"))
    output().print(f"{collection}: {numbers}")
