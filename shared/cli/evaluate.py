"""`concord eval`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from shared.cli.options import JsonOption, UrlOption
from shared.cli.search_options import Mode

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def evaluate(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="With corpus.jsonl, queries.jsonl and qrels.tsv.",
        ),
    ],
    mode: Annotated[list[Mode] | None, typer.Option(help="Only this mode; may be given again.")] = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the searches of a judged collection in BEIR's layout.

    Its documents are stored in a collection named after the folder; what is stored already is left
    alone. Each judged query asks for 100 hits without passages, past any cache; its time is the request's.
    """
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.console import output, print_json
    from shared.cli.document_ids import document_id
    from shared.cli.evaluation import evaluate as measure

    modes = [chosen.value for chosen in mode or (Mode.KEYWORD, Mode.SEMANTIC, Mode.HYBRID)]
    collection = document_id(folder.resolve().name)

    async def run(api: ConcordApi) -> dict[str, Any]:
        return await measure(api, folder, collection, modes)

    report = with_api(url, run, with_worker=True)
    if as_json:
        print_json(report)
    else:
        output().print(_table(report))


def _table(report: dict[str, Any]) -> Any:
    from rich.table import Table

    caption = f"{report['documents']} documents, {report['queries']} judged queries"
    table = Table(title=report["collection"], caption=caption)
    table.add_column("mode")
    for name in next(iter(report["modes"].values())):
        table.add_column(name, justify="right")
    for mode, values in report["modes"].items():
        table.add_row(
            mode, *(f"{value:.4f}" if "@" in name else f"{value:.1f}" for name, value in values.items())
        )
    return table
