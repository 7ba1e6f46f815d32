"""`concord eval`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from shared.cli.options import JsonOption, UrlOption
from shared.cli.search_options import Mode

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="A field of every search; may be given again."),
]
AgainstOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FIELD=VALUE", help="Compare with searches that have this field instead; may be given again."
    ),
]


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
    settings: SetOption = None,
    against: AgainstOption = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the searches of a judged collection in BEIR's layout.

    Its documents are stored in a collection named after the folder; what is stored already is left
    alone. Each judged query asks for 100 hits without passages, past any cache; its time is the request's.
    With --against every query is asked both ways, and a paired bootstrap says what --set gains.
    """
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.evaluation import evaluate as measure
    from shared.cli.evaluation_fields import request_fields
    from shared.domain.document_ids import document_id

    modes = [chosen.value for chosen in mode or (Mode.KEYWORD, Mode.SEMANTIC, Mode.HYBRID)]
    collection = document_id(folder.resolve().name)
    fields = request_fields(settings or [], "--set")
    others = request_fields(against, "--against") if against else None

    async def run(api: ConcordApi) -> dict[str, Any]:
        return await measure(api, folder, collection, modes, fields=fields, against=others)

    report = with_api(url, run, with_worker=True)
    show_report(report, as_json=as_json)


def show_report(report: dict[str, Any], *, as_json: bool) -> None:
    """The figures as JSON or as tables."""
    from shared.cli.console import output, print_json

    if as_json:
        print_json(report)
        return
    output().print(_table(report))
    if "comparisons" in report:
        output().print(_comparisons_table(report["comparisons"]))


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


def _comparisons_table(comparisons: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table("mode", title="nDCG@10, --set beside --against", caption="paired bootstrap")
    for name in ("set", "against", "difference", "95 % interval", "p"):
        table.add_column(name, justify="right")
    for row in comparisons:
        figures = f"{row['ndcg@10']:.4f}", f"{row['against_ndcg@10']:.4f}", f"{row['difference']:+.4f}"
        table.add_row(row["mode"], *figures, f"{row['low']:+.4f} to {row['high']:+.4f}", f"{row['p']:.4f}")
    return table
