"""What the HTTP layer does where no route's own test leads."""

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.types import Message, Receive, Scope, Send

from shared.config import HttpSettings
from shared.domain.principals import Permission, Principal
from shared.http.application import build_application
from shared.http.auth import MayReadDocuments, MayWriteDocuments
from shared.http.boundary import Boundary

router = APIRouter()


@router.get("/read")
async def read(principal: MayReadDocuments) -> str:
    return principal.name


@router.get("/written")
async def written(principal: MayWriteDocuments) -> str:
    return principal.name


class ReadersOnly:
    """Access control that knows everybody as a reader."""

    is_configured = True

    def knows(self, bearer: str | None) -> bool:
        return bearer is not None

    async def authenticate(self, key: str | None, find: object = None) -> Principal:
        assert find is None
        return Principal(key or "nobody", frozenset({Permission.DOCUMENTS_READ}))


@pytest.fixture
def application() -> FastAPI:
    made = build_application([router], HttpSettings())
    made.state.access = ReadersOnly()
    return made


async def test_a_permission_that_is_not_there_is_denied(application: FastAPI) -> None:
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://concord") as client:
        headers = {"authorization": "Bearer ann"}
        assert (await client.get("/read", headers=headers)).json() == "ann"
        denied = await client.get("/written", headers=headers)
    assert denied.status_code == 403
    assert denied.json()["error"] == {
        "code": "permission_denied",
        "message": "The key does not permit this.",
        "type": "permission_denied",
        "details": [{"field": "authorization", "message": "documents:write"}],
    }


async def test_other_protocols_pass_the_boundary() -> None:
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the protocol's
        seen.append(scope["type"])

    await Boundary(inner)({"type": "lifespan"}, _nothing, _forget)
    assert seen == ["lifespan"]


async def test_an_answer_under_way_is_not_answered_again() -> None:
    sent: list[Message] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the protocol's
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("too late")

    async def remember(message: Message) -> None:
        sent.append(message)

    with pytest.raises(RuntimeError, match="too late"):
        await Boundary(inner)({"type": "http", "method": "GET", "headers": []}, _nothing, remember)
    assert [message["type"] for message in sent] == ["http.response.start"]


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _forget(message: Message) -> None:
    pass
