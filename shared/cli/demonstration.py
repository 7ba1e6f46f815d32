"""What `concord demo` does, step by step."""

import asyncio
from contextlib import ExitStack
from typing import Any

from shared.cli.api_client import ConcordApi, in_process_api
from shared.cli.console import Stopwatch, output, print_json, say
from shared.cli.ingestion import IngestReport, ingest, wait_until_embedded
from shared.cli.installed_packages import installed_readmes
from shared.cli.search_table import search_table
from shared.cli.serving import listen, serve
from shared.errors import ConcordError
from shared.local.environment import Migrations, laptop_environment
from shared.local.host import create_application, running

COLLECTION = "demo"
SEARCHES: tuple[dict[str, Any], ...] = (
    {"q": "find security holes in my own code", "mode": "semantic", "limit": 3},
    {"q": "ASGI server", "mode": "keyword", "limit": 3},
    {"q": "settings from environment variables", "mode": "hybrid", "limit": 3},
)
_KINDS = {"semantic": "By meaning", "keyword": "By words", "hybrid": "By both"}


class DemoIncomplete(ConcordError):
    """Some of the demo's documents could not be stored or embedded."""


def demonstrate(address: tuple[str, int] | None, *, as_json: bool) -> None:
    """Run the demo, then serve at `address`, a host and a port, if there is one."""
    watch = Stopwatch()
    with ExitStack() as stack:
        bound = stack.enter_context(listen(*address)) if address else None
        with watch.step("starting Postgres, applying migrations"):
            environment = laptop_environment(migrations=Migrations.APPLY, with_redis=bound is not None)
            stack.enter_context(environment)

        async def run() -> None:
            async with running(create_application()) as application:
                async with in_process_api(application) as api:
                    await _show(api, watch, as_json=as_json)
                if bound is not None:
                    await serve(application, bound)

        asyncio.run(run())


async def _show(api: ConcordApi, watch: Stopwatch, *, as_json: bool) -> None:
    report = await _store(api, watch)
    with watch.step("embedding what is new"):
        found = await wait_until_embedded(api, COLLECTION, lambda _left: None)
    if report.errors or found["failed"]:
        first = [f"{error.source}: {error.message}" for error in report.errors[:1]]
        raise DemoIncomplete("; ".join([DemoIncomplete.__doc__ or "", *first]))
    with watch.step("three searches"):
        responses = [await api.search(COLLECTION, request) for request in SEARCHES]
    say(f"{watch.total:6.2f} s  in all")
    if as_json:
        counts = {"documents": found["documents"], "chunks": found["chunks"], **report.counts}
        searches = [
            {"request": request, "response": response}
            for request, response in zip(SEARCHES, responses, strict=True)
        ]
        print_json({"collection": COLLECTION, **counts, "seconds": watch.seconds, "searches": searches})
        return
    for request, response in zip(SEARCHES, responses, strict=True):
        output().print(search_table(f"{_KINDS[request['mode']]}: {request['q']}", response))


async def _store(api: ConcordApi, watch: Stopwatch) -> IngestReport:
    with watch.step("storing the READMEs of the installed Python packages"):
        await api.ensure_collection(COLLECTION)
        return await ingest(api, COLLECTION, installed_readmes(), lambda _done: None)
