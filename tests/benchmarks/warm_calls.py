"""What a function costs above its service: warm calls of its handler and of the service alone, in turn.

Both are made in this process, over one connection.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine
from typing import Any

from functions.documents_get.handler import handler as documents_get
from functions.documents_search.handler import handler as documents_search
from shared.cache.null import NullCache
from shared.config import DatabaseSettings
from shared.database.connections import open_connection
from shared.domain.principals import ADMIN
from shared.domain.search import SearchRequest
from shared.embeddings.protocol import Embedder
from shared.http.lambda_function import HttpFunction
from shared.http.metering import Meter, MeterSettings
from shared.services.get_document import get_document
from shared.services.search_documents import search_documents
from tests.builders.events import Event, LambdaContext, http_event

_QUESTION = "how far is the moon?"
_PATH = "/v1/collections/library"

type Service = Callable[[], Coroutine[Any, Any, object]]


class WarmCalls:
    """Two functions over a database that has the document `one` in the collection `library`.

    The environment must have the functions' settings.
    """

    def __init__(self, settings: DatabaseSettings, embedder: Embedder) -> None:
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._database = open_connection(settings)
        self._embedder = embedder

    def measure(self, calls: int) -> dict[str, tuple[float, float]]:
        """By function: milliseconds of the median call, and of the service's alone."""
        request = SearchRequest(q=_QUESTION)
        measured = {
            "documents_get": self._compare(
                documents_get,
                http_event("GET", f"{_PATH}/documents/one"),
                lambda: get_document(self._database, ADMIN, "library", "one"),
                calls,
            ),
            "documents_search": self._compare(
                documents_search,
                http_event("POST", f"{_PATH}/search", {"q": _QUESTION}),
                lambda: search_documents(self._database, self._embedder, ADMIN, "library", request),
                calls,
            ),
        }
        self._loop.run_until_complete(self._database.aclose())
        asyncio.set_event_loop(None)
        self._loop.close()
        return measured

    def _compare(
        self, deployed: HttpFunction[Any], event: Event, service: Service, calls: int
    ) -> tuple[float, float]:
        function = HttpFunction(
            deployed.router,
            deployed.settings,
            database=lambda _settings: self._database,
            cache=lambda _settings: NullCache(),
            embedder=lambda _settings: self._embedder,
            meter=lambda _settings: Meter(MeterSettings()),
        )
        context = LambdaContext()
        of_function, of_service = [], []
        for _ in range(calls):
            started = time.perf_counter()
            answer = function(event, context)
            answered = time.perf_counter()
            self._loop.run_until_complete(service())
            of_service.append(time.perf_counter() - answered)
            of_function.append(answered - started)
            assert answer["statusCode"] == 200, answer
        return statistics.median(of_function) * 1000, statistics.median(of_service) * 1000
