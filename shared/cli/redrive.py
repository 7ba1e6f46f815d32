"""`concord redrive`."""

from typing import Annotated, Any

import typer

from shared.cli.exit_codes import ExitCode
from shared.cli.options import JsonOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.


def redrive(
    queue: Annotated[
        str | None,
        typer.Option(
            "--queue",
            metavar="URL|NAME",
            help="A dead-letter queue of SQS, whose messages go back to the queue that gave them up.",
        ),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Try documents again whose embedding has failed.")
    ] = False,
    collection: Annotated[
        str | None,
        typer.Option("--collection", "-c", metavar="C", help="With --failed: those of this collection only."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count, and change nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Give work that was given up another start, when what was in its way is mended.

    With --queue, messages: each is sent to the source of the dead-letter queue before it is deleted, so an
    interrupted command loses none and can be called again. AWS credentials and region come from the
    environment, as for the AWS command line. Messages that nobody can read come back after some tries:
    look at them first, and delete them.

    With --failed, documents: they wait for their vectors again, and where EMBED_QUEUE_URL is set, messages
    hurry their worker. This works on DATABASE_URL or the laptop's own database.

    The exit code is 1 when some messages could not be moved.
    """
    if queue is None and not failed:
        raise typer.BadParameter("say what to try again: --queue, --failed or both", param_hint="--queue")
    if collection is not None and not failed:
        raise typer.BadParameter("only documents have a collection: give --failed", param_hint="--collection")
    report: dict[str, Any] = {"dry_run": dry_run, "messages": None, "documents": None}
    if queue is not None:
        report["messages"] = _move_messages(queue, dry_run=dry_run)
    if failed:
        report["documents"] = _retry_documents(collection, dry_run=dry_run)
    _show(report, as_json=as_json)
    if report["messages"] and report["messages"]["refused"]:
        raise typer.Exit(ExitCode.FAILED)


def _move_messages(queue: str, *, dry_run: bool) -> dict[str, Any]:
    from shared.queues.dead_letters import Moved, find_dead_letter_queue, queue_name

    dead_letters = find_dead_letter_queue(queue)
    outcome = Moved(dead_letters.count(), 0) if dry_run else dead_letters.move()
    return {
        "from": queue_name(dead_letters.url),
        "to": queue_name(dead_letters.source_url),
        "moved": outcome.moved,
        "refused": outcome.refused,
    }


def _retry_documents(collection: str | None, *, dry_run: bool) -> dict[str, Any]:
    import asyncio

    from shared.local.environment import laptop_environment

    with laptop_environment():
        collections = asyncio.run(_retry(collection, dry_run=dry_run))
    return {"retried": sum(collections.values()), "collections": collections}


async def _retry(collection: str | None, *, dry_run: bool) -> dict[str, int]:
    from contextlib import AsyncExitStack

    from shared.cache.opening import open_cache
    from shared.config import CacheSettings, DatabaseSettings, QueueSettings, load_settings
    from shared.database.connections import open_connection
    from shared.domain.principals import ADMIN
    from shared.queues.opening import open_embed_queue
    from shared.services.retry_failed_documents import count_failed_documents, retry_failed_documents

    async with AsyncExitStack() as stack:
        database = open_connection(load_settings(DatabaseSettings))
        cache = open_cache(load_settings(CacheSettings))
        queue = open_embed_queue(load_settings(QueueSettings))
        for opened in (database, cache, queue):
            stack.push_async_callback(opened.aclose)
        if dry_run:
            counted = await count_failed_documents(database, ADMIN, collection)
            return {failed.collection: failed.documents for failed in counted}
        return await retry_failed_documents(database, cache, queue, ADMIN, collection)


def _show(report: dict[str, Any], *, as_json: bool) -> None:
    from shared.cli.console import output, print_json

    if as_json:
        print_json(report)
        return
    prefix = "would be " if report["dry_run"] else ""
    if messages := report["messages"]:
        line = f"messages {prefix}moved from {messages['from']} to {messages['to']}: {messages['moved']}"
        output().print(line, soft_wrap=True)
        if messages["refused"]:
            output().print(f"messages refused and left: {messages['refused']}", soft_wrap=True)
    if documents := report["documents"]:
        output().print(f"documents {prefix}tried again: {documents['retried']}", soft_wrap=True)
        for name, count in documents["collections"].items():
            output().print(f"  {name}: {count}", soft_wrap=True)
