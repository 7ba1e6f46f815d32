import json

import pytest

from shared.cli import api_client
from shared.cli.api_client import ApiError, ApiUnreachable, ConcordApi, with_api
from tests.builders.deployment import Deployment

ERROR = {
    "error": {"code": "collection_exists", "message": "There is one.", "type": "conflict", "details": []}
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_client, "RETRY_PAUSES", (0.01, 0.01))
    monkeypatch.delenv("CONCORD_API_KEY", raising=False)


def search(deployment: Deployment) -> object:
    async def run(api: ConcordApi) -> object:
        return await api.search("pets", {"q": "cat"})

    return with_api(deployment.url, run)


def test_the_key_is_sent(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_API_KEY", "secret")
    deployment.answer(200, {"hits": []})
    assert search(deployment) == {"hits": []}
    method, path, headers, body = deployment.asked[0]
    assert (method, path, json.loads(body)) == ("POST", "/v1/collections/pets/search", {"q": "cat"})
    assert headers["authorization"] == "Bearer secret"


def test_without_a_key_none_is_sent(deployment: Deployment) -> None:
    deployment.answer(200, {"hits": []})
    search(deployment)
    assert "authorization" not in deployment.asked[0][2]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again(deployment: Deployment, status: int) -> None:
    deployment.answer(status, b"busy")
    deployment.answer(200, {"hits": []})
    assert search(deployment) == {"hits": []}


def test_what_does_not_pass_is_told(deployment: Deployment) -> None:
    for _ in range(3):
        deployment.answer(503, {"error": {**ERROR["error"], "message": "Down."}})
    with pytest.raises(ApiError, match="Down"):
        search(deployment)
    assert len(deployment.asked) == 3


def test_nobody_there_is_told() -> None:
    with pytest.raises(ApiUnreachable, match=r"127\.0\.0\.1:1 does not answer"):
        search(Deployment("http://127.0.0.1:1"))


def test_what_is_no_address_is_told() -> None:
    with pytest.raises(ApiUnreachable, match="is no URL"):
        search(Deployment("http://a:b:c"))
    with pytest.raises(ApiUnreachable, match="does not answer"):
        search(Deployment("somewhere"))


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (404, b"<html>"), (500, b"{}"), (400, b"")])
def test_what_is_no_concord_is_told(deployment: Deployment, status: int, body: bytes) -> None:
    deployment.answer(status, body)
    with pytest.raises(ApiError, match=f"answered {status}, and not as Concord does"):
        search(deployment)


def test_an_error_keeps_its_code_and_details(deployment: Deployment) -> None:
    details = [{"field": "q", "message": "no"}]
    deployment.answer(422, {"error": {**ERROR["error"], "code": "invalid_request", "details": details}})
    with pytest.raises(ApiError) as raised:
        search(deployment)
    assert (raised.value.answered_status, raised.value.answered_code) == (422, "invalid_request")
    assert raised.value.details == details


def test_a_collection_that_is_there_is_no_error(deployment: Deployment) -> None:
    async def ensure(api: ConcordApi) -> None:
        await api.ensure_collection("pets")

    deployment.answer(409, ERROR)
    with_api(deployment.url, ensure)
    deployment.answer(201, {"name": "pets"})
    with_api(deployment.url, ensure)
    deployment.answer(401, ERROR)
    with pytest.raises(ApiError):
        with_api(deployment.url, ensure)


def test_an_answer_may_be_empty(deployment: Deployment) -> None:
    async def delete(api: ConcordApi) -> object:
        return await api.request("GET", "/v1/nothing")

    deployment.answer(204, b"")
    assert with_api(deployment.url, delete) is None
