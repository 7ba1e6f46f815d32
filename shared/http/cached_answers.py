"""Reads through the cache: the bytes of an answer, kept until what they show is written to."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from shared.cache.protocol import Cache, CachedAnswer, CacheKey, CacheState, Looked
from shared.domain.principals import Principal
from shared.observability import Metric, count


class NotToBeKept(Exception):
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
        self, scope: str, principal: Principal, load: Callable[[], Awaitable[Answer]]
    ) -> Response:
        """The answer as bytes."""

        async def load_bytes() -> bytes:
            return (await load()).model_dump_json().encode()

        return response_of(await self.read(scope, principal, load_bytes))

    async def read(
        self,
        scope: str,
        principal: Principal,
        load_bytes: Callable[[], Awaitable[bytes]],
        *,
        fresh: bool = False,
        form: str = "",
    ) -> CachedAnswer:
        """The bytes of an answer and where they come from; a `fresh` one is the source's.

        Answers of another `form` than JSON alone are not taken for those.
        """
        if fresh:
            # Kept for nobody: whoever asks the same wants a fresh one, too.
            return CachedAnswer(await _loaded(load_bytes), CacheState.BYPASS)
        key = await self._key(scope, principal, form)
        bypass, looked = self._wants_the_source, self._looked_before(key)
        try:
            answer = await self._cache.read(key, load_bytes, bypass=bypass, looked=looked)
        except NotToBeKept as loaded:
            answer = CachedAnswer(loaded.body, CacheState.BYPASS)
        if answer.state is not CacheState.BYPASS:
            count(Metric.CACHE_HIT, float(answer.state is CacheState.HIT))
        return answer

    async def find(self, scope: str, principal: Principal) -> CachedAnswer | None:
        """What `read` would find in the cache; a `read` of the same that follows does not look again."""
        if self._wants_the_source:
            return None
        key = await self._key(scope, principal, form="")
        looked = await self._cache.look(key)
        self._request.state.looked = key, looked
        if looked is None or not looked.body:
            return None
        count(Metric.CACHE_HIT)
        return CachedAnswer(looked.body, CacheState.HIT)

    @property
    def _wants_the_source(self) -> bool:
        return "no-cache" in self._request.headers.get("cache-control", "").lower()

    async def _key(self, scope: str, principal: Principal, form: str) -> CacheKey:
        request = self._request
        body = repr(await request.body())
        asked = [request.method, request.url.path, request.url.query, body, form]
        return CacheKey(scope, principal.view, " ".join(asked))

    def _looked_before(self, key: CacheKey) -> Looked | None:
        same, looked = getattr(self._request.state, "looked", (None, None))
        return looked if same == key else None


async def _loaded(load_bytes: Callable[[], Awaitable[bytes]]) -> bytes:
    try:
        return await load_bytes()
    except NotToBeKept as loaded:
        return loaded.body


def response_of(answer: CachedAnswer) -> Response:
    return Response(answer.body, media_type="application/json", headers={"x-cache": answer.state.value})


async def cached_answers(request: Request) -> CachedAnswers:
    return CachedAnswers(request.app.state.cache, request)


Answers = Annotated[CachedAnswers, Depends(cached_answers)]
