"""Cached answers that tell what they have cost, which is less when they were kept."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from shared.cache.protocol import CachedAnswer
from shared.domain.cache_scopes import collection_scope
from shared.domain.principals import Permission, Principal
from shared.domain.usage import Metered, Usage
from shared.http.auth import permit
from shared.http.cached_answers import Answers, CachedAnswers, NotToBeKept, cached_answers, response_of
from shared.http.metering import Metering, OpenMetering, open_metering


class MeteredAnswers:
    """Answers one request, within its caller's budgets."""

    def __init__(self, answers: CachedAnswers, metering: Metering) -> None:
        self._answers = answers
        self._metering = metering

    async def answer[Answer: Metered](
        self,
        scope: str,
        principal: Principal,
        load: Callable[[], Awaitable[Answer]],
        *,
        searches: int,
        keep: Callable[[Answer], bool] = lambda _answer: True,
        fresh: bool = False,
    ) -> Response:
        """The answer as bytes. Its `usage` is not kept: of one from the cache it is the searches alone.

        An answer that `keep` turns down is given to this caller and not stored. A `fresh` one is the
        source's. Raises BudgetExceeded.
        """
        await self._metering.admit(principal, searches=searches)
        usage = Usage(searches=searches)

        async def load_bytes() -> bytes:
            nonlocal usage
            loaded = await load()
            usage = loaded.usage
            body = loaded.model_dump_json(exclude={"usage"}).encode()
            if not keep(loaded):
                raise NotToBeKept(body)
            return body

        answer = await self._answers.read(scope, principal, load_bytes, fresh=fresh)
        return await self._told(answer, principal, usage)

    async def kept_answer(self, scope: str, principal: Principal, *, searches: int) -> Response | None:
        """What `answer` would give if it is in the cache. Raises BudgetExceeded."""
        answer = await self._answers.find(scope, principal)
        if answer is None:
            return None
        await self._metering.admit(principal, searches=searches)
        return await self._told(answer, principal, Usage(searches=searches))

    async def _told(self, answer: CachedAnswer, principal: Principal, usage: Usage) -> Response:
        await self._metering.record(principal, usage)
        body = answer.body.removesuffix(b"}") + b',"usage":' + usage.model_dump_json().encode() + b"}"
        return response_of(answer._replace(body=body))


async def _metered_answers(answers: Answers, metering: OpenMetering) -> MeteredAnswers:
    return MeteredAnswers(answers, metering)


OpenMeteredAnswers = Annotated[MeteredAnswers, Depends(_metered_answers)]

_may_search = permit(Permission.DOCUMENTS_SEARCH)


class SearchRoute(APIRoute):
    """A route that gives a kept answer before what is asked is even parsed.

    Answers are kept by the bytes of the request and by what its caller may see, so what was answered once was
    a valid request. Whether he may ask is always looked at, and counted.
    """

    searches = 1

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def kept_or_answer(request: Request) -> Response:
            return await self._kept(request) or await answer(request)

        return kept_or_answer

    async def _kept(self, request: Request) -> Response | None:
        principal = await _may_search(request)
        try:
            await request.body()
        except ClientDisconnect:
            # What reads it next answers that.
            return None
        answers = MeteredAnswers(await cached_answers(request), await open_metering(request))
        scope = collection_scope(request.path_params["collection"])
        return await answers.kept_answer(scope, principal, searches=self.searches)


class SuggestionRoute(SearchRoute):
    """The same for what counts as no search."""

    searches = 0
