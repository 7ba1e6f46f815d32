"""Reads through the cache: the bytes of an answer, kept until what they show is written to."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from shared.cache.protocol import Cache, CacheKey
from shared.domain.principals import Principal


class CachedAnswers:
    """Answers one request from the cache, or from the source, and says which in `x-cache`."""

    def __init__(self, cache: Cache, request: Request) -> None:
        self._cache = cache
        self._request = request

    async def answer(
        self, scope: str, principal: Principal, load: Callable[[], Awaitable[BaseModel]]
    ) -> Response:
        async def load_bytes() -> bytes:
            return (await load()).model_dump_json().encode()

        request = self._request
        body = await request.body()
        key = CacheKey(
            scope=scope,
            principal=principal.name,
            request=" ".join([request.method, str(request.url.path), request.url.query, repr(body)]),
        )
        bypass = "no-cache" in request.headers.get("cache-control", "").lower()
        answer = await self._cache.read(key, load_bytes, bypass=bypass)
        return Response(answer.body, media_type="application/json", headers={"x-cache": answer.state.value})


def _cached_answers(request: Request) -> CachedAnswers:
    return CachedAnswers(request.app.state.cache, request)


Answers = Annotated[CachedAnswers, Depends(_cached_answers)]
