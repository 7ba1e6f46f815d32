"""All functions behind HTTP as one ASGI application, for a process that handles many requests at once."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.responses import HTMLResponse

from shared.config import AccessSettings, HttpSettings, StorageSettings, load_settings
from shared.database.addresses import ReaderSettings
from shared.database.pool import open_pool
from shared.http.application import build_application
from shared.http.auth import PublicOnceConfigured
from shared.http.lambda_function import HttpFunction
from shared.local.docs_page import docs_page
from shared.local.function_list import DeployedFunction, list_functions
from shared.local.known_hosts import HostSettings, KnownHosts
from shared.local.uploads import Uploads
from shared.local.worker import Worker
from shared.storage.folder import FolderStorage
from shared.storage.opening import open_storage

_ASKED_MOST = {"documents_search", "documents_suggest", "documents_get"}


def create_application(*, with_worker: bool | Collection[str] = True) -> FastAPI:
    """The API, and in its lifespan the worker that embeds and maintains. Opens nothing before it.

    `with_worker` may name the functions behind queues, buckets and schedules that the worker runs.
    The environment must be set: see `shared.local.environment`. Raises ConfigurationError.
    """
    functions = list_functions()
    # Routes are tried in turn.
    application = compose(sorted(functions, key=lambda function: function.name not in _ASKED_MOST))
    state = application.state
    state.database = open_pool(load_settings(ReaderSettings))
    state.storage = open_storage(load_settings(StorageSettings))
    if isinstance(state.storage, FolderStorage):
        application.add_middleware(Uploads, storage=state.storage)
    if load_settings(AccessSettings).admin_key_hash is None:
        application.add_middleware(KnownHosts, settings=load_settings(HostSettings))
    for function in functions:
        if function.routes:
            _open_missing(application, function.load())
    worked = [found for found in functions if with_worker is True or found.name in (with_worker or ())]
    worker = Worker(worked, embedder=state.embedder) if worked else None
    application.router.lifespan_context = _lifespan(worker)
    return application


def compose(functions: list[DeployedFunction]) -> FastAPI:
    """The routes of all functions, and `/docs`, without what they need to answer."""
    routers = [function.load().router for function in functions if function.routes]
    application = build_application(routers, load_settings(HttpSettings))

    @application.get("/docs", include_in_schema=False)
    async def docs(_configured: PublicOnceConfigured) -> HTMLResponse:
        return docs_page(application.title)

    return application


@asynccontextmanager
async def running(application: FastAPI) -> AsyncIterator[FastAPI]:
    """The application between its start and its end, for callers in the same process."""
    async with application.router.lifespan_context(application):
        yield application


def _open_missing(application: FastAPI, function: HttpFunction[Any]) -> None:
    """Open what a function needs, by name, unless another has opened it or the host has its own."""
    settings = load_settings(function.settings)
    for name, open_resource in function.resources.items():
        if not hasattr(application.state, name):
            setattr(application.state, name, open_resource(settings))


def _lifespan(worker: Worker | None) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            state = application.state
            opened = (
                state.limits,
                state.meter,
                state.database,
                state.cache,
                state.embedder,
                state.queues,
                state.embed_queue,
                state.maintain_queue,
                state.storage,
                state.fetch_queue,
            )
            for resource in opened:
                stack.push_async_callback(resource.aclose)
            if worker is not None:
                await stack.enter_async_context(worker.running())
            yield

    return lifespan
