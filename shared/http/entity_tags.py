"""ETag, If-None-Match and If-Match: what a caller has is not sent again, and not overwritten unseen."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import Depends, Header, Request, Response

from shared.domain.entity_tags import Expected, Known, entity_tag, expected_in, known_in
from shared.domain.principals import Principal
from shared.errors import InvalidRequest
from shared.http.cached_answers import Answers, CachedAnswers, response_of

_NOT_MODIFIED = 304
# For the API's description; what decides is in shared.domain.entity_tags.
_FORM = {"pattern": r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$'}
_ETAG = {
    "description": "The version that was shown: for If-None-Match, and for If-Match at the next write.",
    "schema": {"type": "string"},
    "example": '"647f3b1c9a2e0-9f86d081884c7d65"',
}


def tagged(status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Entries for a route's `responses`: its answer has an ETag."""
    return {status: {"headers": {"ETag": _ETAG}}}


NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    _NOT_MODIFIED: {
        "description": "The caller has it already, as If-None-Match tells.",
        "headers": {"ETag": _ETAG},
    }
}


class Dated(Protocol):
    """An answer, as far as a tag depends on it."""

    @property
    def updated_at(self) -> datetime: ...

    def model_dump_json(self) -> str: ...


def with_tag[Answer: Dated](response: Response, answer: Answer) -> Answer:
    """The answer to a write, whose ETag is that of reading it now."""
    response.headers["etag"] = entity_tag(answer.updated_at, answer.model_dump_json().encode())
    return answer


class TaggedAnswers:
    """Answers that have `updated_at`, through the cache, each with its ETag."""

    def __init__(self, answers: CachedAnswers, known: Known | None) -> None:
        self._answers = answers
        self._known = known

    async def answer(
        self, scope: str, principal: Principal, load: Callable[[], Awaitable[Dated]]
    ) -> Response:
        """The answer, or 304 without one where the caller has it."""

        async def load_bytes() -> bytes:
            loaded = await load()
            body = loaded.model_dump_json().encode()
            # The tag is kept before it, so that it is made once. JSON has no line breaks.
            return b"\n".join([entity_tag(loaded.updated_at, body).encode(), body])

        kept = await self._answers.read(scope, principal, load_bytes, form="tagged")
        tag, body = kept.body.split(b"\n")
        response = response_of(kept._replace(body=body))
        if self._known is not None and self._known.has(tag.decode()):
            response = Response(status_code=_NOT_MODIFIED, headers={"x-cache": kept.state.value})
        response.headers["etag"] = tag.decode()
        return response


async def _tagged_answers(
    request: Request,
    answers: Answers,
    if_none_match: Annotated[
        str | None,
        Header(
            description="Entity tags of what the caller has; 304 where it is still the same.",
            json_schema_extra=_FORM,
        ),
    ] = None,
) -> TaggedAnswers:
    known = None if if_none_match is None else _read(request, "if-none-match", known_in)
    return TaggedAnswers(answers, known)


async def _expected(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(
            description="Entity tags, of which what is stored has to have one, or `*`; else 412.",
            json_schema_extra=_FORM,
        ),
    ] = None,
) -> Expected | None:
    return None if if_match is None else _read(request, "if-match", expected_in)


def _read[Read](request: Request, name: str, read: Callable[[str], Read]) -> Read:
    """What a header says, all lines of that name together. Raises InvalidRequest."""
    try:
        return read(", ".join(request.headers.getlist(name)))
    except ValueError:
        message = 'has to be * or entity tags in double quotes, such as "1a2b-3c4d"'
        raise InvalidRequest(details=[{"field": name, "message": message}]) from None


Tagged = Annotated[TaggedAnswers, Depends(_tagged_answers)]
IfMatch = Annotated[Expected | None, Depends(_expected)]
