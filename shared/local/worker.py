"""Runs the functions behind queues and schedules, as AWS would, on the event loop of the API."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.config import (
    FetchQueueSettings,
    KeySetQueueSettings,
    StorageSettings,
    WriteQueueSettings,
    load_settings,
)
from shared.embeddings.protocol import Embedder
from shared.events.lambda_function import EventFunction, deadline
from shared.local.function_list import DeployedFunction, Schedule
from shared.local.lambda_calls import context_of, sqs_event, storage_event
from shared.observability import Event, describe_error, logger
from shared.queues.in_process import InProcessQueue
from shared.queues.opening import open_queue
from shared.queues.usage_queue import UsageQueueSettings
from shared.storage.arrivals import OnArrival, listening
from shared.storage.folder import FolderStorage
from shared.storage.opening import open_storage

# A queue in memory is gone with its process, so its sweep looks more often than in a deployment.
SWEEP_EVERY = timedelta(seconds=10)
MESSAGES_PER_EVENT = 10
EMBEDS, MAINTAINS = "chunks_embed", "indexes_maintain"
FETCHES, IMPORTS, EXPORTS = "sources_fetch", "imports_process", "exports_build"
COUNTS = "usage_record"
STORES_KEYS = "jwks_store"


@dataclass(frozen=True, slots=True)
class _LoadedFunction:
    deployed: DeployedFunction
    function: EventFunction[Any, Any]
    resources: Any

    async def call(self, event: dict[str, Any]) -> None:
        """Hand it one event; whatever it raises is logged, and the worker goes on."""
        until = deadline(context_of(self.deployed))
        try:
            await self.function.run(event, self.resources, until)
        except Exception as error:  # noqa: BLE001 - as on Lambda, a failed call ends nothing but itself
            extra = {"function": self.deployed.name, **describe_error(error)}
            logger().error(Event.RECORD_FAILED, extra=extra)


class Worker:
    """Every function with a queue, a bucket or a schedule, each with a connection of its own."""

    def __init__(self, functions: list[DeployedFunction], *, embedder: Embedder) -> None:
        """`embedder` stands in for the functions' own, so that a process holds one model only."""
        self._functions = [
            _load(function, embedder)
            for function in functions
            if function.queues or function.prefixes or function.schedules
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background until the context ends, then close what the functions opened."""
        async with AsyncExitStack() as stack:
            for function in self._functions:
                for resource in _closable(function.resources):
                    stack.push_async_callback(resource.aclose)
            tasks = [asyncio.create_task(work) for work in [*self._work(), *self._arrivals(stack)]]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                for task in tasks:
                    with suppress(asyncio.CancelledError):
                        await task

    def _work(self) -> list[Any]:
        settings = load_settings(WriteQueueSettings)
        urls = {
            EMBEDS: settings.embed_queue_url,
            MAINTAINS: settings.maintain_queue_url,
            FETCHES: load_settings(FetchQueueSettings).fetch_queue_url,
            COUNTS: load_settings(UsageQueueSettings).usage_queue_url,
            STORES_KEYS: load_settings(KeySetQueueSettings).jwks_queue_url,
        }
        work = []
        for function in self._functions:
            queue = open_queue(urls.get(function.deployed.name))
            # Messages in SQS are for the deployed function: schedules find what they ask for here too.
            if isinstance(queue, InProcessQueue):
                work.append(_receive(function, queue))
            work += [_repeat(function, schedule) for schedule in function.deployed.schedules]
        return work

    def _arrivals(self, stack: AsyncExitStack) -> list[Any]:
        """What hands objects that are stored in a folder to the functions that are told of them."""
        storage = open_storage(load_settings(StorageSettings))
        # Objects in S3 are for the deployed functions.
        if not isinstance(storage, FolderStorage):
            return []
        work = []
        for function in self._functions:
            if function.deployed.prefixes:
                arrived: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
                stack.enter_context(listening(storage.root, _teller(function, arrived)))
                work.append(_hear(function, arrived))
        return work


def _teller(function: _LoadedFunction, arrived: asyncio.Queue[dict[str, Any]]) -> OnArrival:
    loop = asyncio.get_running_loop()

    def tell(key: str, size: int) -> None:
        if key.startswith(function.deployed.prefixes):
            # Objects are stored in threads, and maybe on another loop.
            loop.call_soon_threadsafe(arrived.put_nowait, storage_event(key, size))

    return tell


async def _hear(function: _LoadedFunction, arrived: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        await function.call(await arrived.get())


async def _receive(function: _LoadedFunction, queue: InProcessQueue) -> None:
    while True:
        await function.call(sqs_event(await queue.receive(at_most=MESSAGES_PER_EVENT)))


async def _repeat(function: _LoadedFunction, schedule: Schedule) -> None:
    is_waited_for = function.deployed.name in {EMBEDS, IMPORTS, EXPORTS}
    every = min(schedule.every, SWEEP_EVERY) if is_waited_for else schedule.every
    while True:
        await function.call(json.loads(schedule.event))
        await asyncio.sleep(every.total_seconds())


def _load(deployed: DeployedFunction, embedder: Embedder) -> _LoadedFunction:
    function = deployed.load()
    resources = function.open_resources(load_settings(function.settings))
    if hasattr(resources, "embedder"):
        resources = dataclasses.replace(resources, embedder=embedder)
    return _LoadedFunction(deployed, function, resources)


def _closable(resources: Any) -> list[Any]:
    """A function's resources are one thing, or several in a dataclass; the embedder is not its own."""
    if not dataclasses.is_dataclass(resources):
        return [resources]
    names = [field.name for field in dataclasses.fields(resources) if field.name != "embedder"]
    opened = [getattr(resources, name) for name in names]
    return [resource for resource in opened if hasattr(resource, "aclose")]
