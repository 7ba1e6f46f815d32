"""Reads through the cache: the bytes of an answer, kept until what they show is written to."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from shared.cache.protocol import Cache, CachedAnswer, CacheKey, CacheState
from shared.domain.principals import Principal
from shared.observability import Metric, count


class _NotToBeKept(Exception):
    """Carries an answer past the cache, which keeps nothing of a load that raised."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        super().__init__()


class CachedAnswers:
    """Answers one request from the cache, or from the source, and says which in `x-cache`."""

    def __init__(self, cache: Cache, request: Request) -> None:
        self._cache = cache
        self._request = request

    async def answer[Answer: BaseModel](
        self,
        scope: str,
        principal: Principal,
        load: Callable[[], Awaitable[Answer]],
        *,
        keep: Callable[[Answer], bool] = lambda _answer: True,
    ) -> Response:
        """The answer as bytes; one that `keep` turns down is given to this caller and not stored."""

        async def load_bytes() -> bytes:
            loaded = await load()
            body = loaded.model_dump_json().encode()
            if not keep(loaded):
                raise _NotToBeKept(body)
            return body

        request = self._request
        body = await request.body()
        key = CacheKey(
            scope=scope,
            principal=principal.name,
            request=" ".join([request.method, str(request.url.path), request.url.query, repr(body)]),
        )
        bypass = "no-cache" in request.headers.get("cache-control", "").lower()
        try:
            answer = await self._cache.read(key, load_bytes, bypass=bypass)
        except _NotToBeKept as loaded:
            answer = CachedAnswer(loaded.body, CacheState.BYPASS)
        if answer.state is not CacheState.BYPASS:
            count(Metric.CACHE_HIT, float(answer.state is CacheState.HIT))
        return Response(answer.body, media_type="application/json", headers={"x-cache": answer.state.value})


async def _cached_answers(request: Request) -> CachedAnswers:
    return CachedAnswers(request.app.state.cache, request)


Answers = Annotated[CachedAnswers, Depends(_cached_answers)]
