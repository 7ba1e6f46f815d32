"""`concord embeddings`: the embedding model of a collection, and its change."""

from pathlib import Path
from typing import Annotated, Any

import typer

from shared.cli.options import CollectionOption, JsonOption, UrlOption
from shared.cli.search_options import Mode

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.

embeddings = typer.Typer(
    no_args_is_help=True,
    help="Change the embedding model of a collection while it is searched: plan, start, compare, switch.",
)

ModelOption = Annotated[str, typer.Option("--model", help="The model to change to, as EMBEDDING_NEXT_MODEL.")]
DimensionsOption = Annotated[
    int, typer.Option("--dimensions", min=1, max=4000, help="Numbers in one of its vectors.")
]
RateOption = Annotated[float | None, typer.Option("--rate", min=0.01, help="Chunks per second, at most.")]


@embeddings.command()
def plan(
    collection: CollectionOption,
    model: ModelOption,
    dimensions: DimensionsOption = 384,
    rate: RateOption = None,
    price: Annotated[
        float | None, typer.Option("--price", min=0, help="Dollars per million tokens, if not known.")
    ] = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a change would embed, cost and take; nothing is begun."""
    body = {"model": model, "dimensions": dimensions, "dry_run": True, "rate": rate, "price": price}
    answer = _request(url, "POST", collection, body=body)
    _show(answer["plan"], as_json=as_json)


@embeddings.command()
def start(
    collection: CollectionOption,
    model: ModelOption,
    dimensions: DimensionsOption = 384,
    rate: RateOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until the new vectors are complete.")] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin a change, or go on with it; searches stay as they are until `switch`."""
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.embedding_change import start_change

    body = {"model": model, "dimensions": dimensions, "rate": rate}

    async def run(api: ConcordApi) -> dict[str, Any]:
        return await start_change(api, collection, body, wait=wait)

    _show(with_api(url, run, with_worker=wait), as_json=as_json)


@embeddings.command()
def status(collection: CollectionOption, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show the model that serves and how far the change has come."""
    _show(_request(url, "GET", collection), as_json=as_json)


@embeddings.command()
def compare(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", exists=True, file_okay=False, help="With queries.jsonl and qrels.tsv, as BEIR has."
        ),
    ],
    collection: CollectionOption,
    mode: Annotated[list[Mode] | None, typer.Option(help="Only this mode; may be given again.")] = None,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the model that does not serve (--set) beside the one that does, on judged queries."""
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.evaluate import show_report
    from shared.cli.evaluation import compare_searches

    modes = [chosen.value for chosen in mode or (Mode.SEMANTIC, Mode.HYBRID)]

    async def run(api: ConcordApi) -> dict[str, Any]:
        return await compare_searches(
            api, folder, collection, modes, fields={"space": "other"}, against={"space": "serving"}
        )

    show_report(with_api(url, run), as_json=as_json)


@embeddings.command()
def switch(collection: CollectionOption, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Serve the new model. The old one's vectors stay, and are kept up, for `rollback`."""
    _show(_request(url, "POST", collection, "/switch", {"to": "new"}), as_json=as_json)


@embeddings.command()
def rollback(collection: CollectionOption, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Serve the old model again, at once."""
    _show(_request(url, "POST", collection, "/switch", {"to": "old"}), as_json=as_json)


@embeddings.command()
def cleanup(collection: CollectionOption, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Give up the model that does not serve, and delete its vectors: there is no way back then."""
    _show(_request(url, "DELETE", collection, "/change"), as_json=as_json)


def _request(
    url: str | None, method: str, collection: str, place: str = "", body: dict[str, Any] | None = None
) -> dict[str, Any]:
    from shared.cli.api_client import ConcordApi, with_api

    async def run(api: ConcordApi) -> dict[str, Any]:
        answer: dict[str, Any] = await api.request(
            method, f"/v1/collections/{collection}/embedding{place}", body=body
        )
        return answer

    return with_api(url, run)


def _show(report: dict[str, Any], *, as_json: bool) -> None:
    from shared.cli.console import output, print_json
    from shared.cli.embedding_change import lines_of

    if as_json:
        print_json(report)
        return
    for line in lines_of(report):
        output().print(line, soft_wrap=True, markup=False)
