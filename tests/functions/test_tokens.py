"""Search tokens: signed without asking anybody, for a browser that is to see a part."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from shared.local.function_list import list_functions
from tests.builders.events import Event, http_event
from tests.builders.functions import Functions, Response
from tests.builders.readme import example
from tests.builders.role_server import execute
from tests.builders.tokens import part, token, token_key

ADMIN_KEY = "the administrator's"
LANTERNS = [
    {
        "id": "red",
        "title": "Red",
        "body": "Red lanterns.",
        "metadata": {"tenant": "acme", "price": 3, "cost": 1},
    },
    {
        "id": "blue",
        "title": "Blue",
        "body": "Blue lanterns.",
        "metadata": {"tenant": "acme", "price": 5, "cost": 2},
    },
    {
        "id": "old",
        "title": "Old",
        "body": "Old lanterns.",
        "metadata": {"tenant": "globex", "price": 7, "margin": 9},
    },
]

type Call = Callable[..., Response]


@pytest.fixture(autouse=True)
def keys_are_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("ADMIN_KEY_HASH", hashlib.sha256(ADMIN_KEY.encode()).hexdigest())
    monkeypatch.setenv("KEY_HASH_SECRET", "a secret of 32 characters or more")


@pytest.fixture
def call(functions: Functions) -> Call:
    def called(name: str, bearer: str, method: str, path: str, body: object = None, **more: Any) -> Response:
        event = http_event(method, path, body, **more)
        signed: Event = {**event, "headers": {**event["headers"], "authorization": f"Bearer {bearer}"}}
        return functions(name, signed)

    for collection in ("guides", "secrets"):
        path = "/v1/collections"
        assert (
            called("collections_create", ADMIN_KEY, "POST", path, {"name": collection})["statusCode"] == 201
        )
        documents = {"documents": LANTERNS}
        path = f"/v1/collections/{collection}/documents"
        assert called("documents_upsert", ADMIN_KEY, "POST", path, documents)["statusCode"] == 200
    return called


@pytest.fixture
def key(call: Call) -> str:
    return make(call)


def make(call: Call, **wanted: Any) -> str:
    body = {"actions": ["documents:search"], "collections": ["guides"], **wanted}
    made = call("keys_create", ADMIN_KEY, "POST", "/v1/keys", body)
    assert made["statusCode"] == 201, made
    text: str = made["body"]["key"]
    return text


def search(call: Call, bearer: str, *, collection: str = "guides", **asked: Any) -> Response:
    path = f"/v1/collections/{collection}/search"
    body = {"q": "lanterns", "mode": "keyword", **asked}
    return call("documents_search", bearer, "POST", path, body)


def ids(response: Response) -> set[str]:
    assert response["statusCode"] == 200, response
    return {hit["document"]["id"] for hit in response["body"]["hits"]}


def refusal(response: Response) -> tuple[int, str]:
    return response["statusCode"], response["body"]["error"]["message"]


def field_of(response: Response) -> tuple[int, str]:
    return response["statusCode"], response["body"]["error"]["details"][0]["field"]


def test_a_token_searches_what_its_key_may(call: Call, key: str) -> None:
    assert ids(search(call, token(key))) == {"red", "blue", "old"}
    assert field_of(search(call, token(key), collection="secrets")) == (403, "collection")


def test_a_filter_is_that_of_every_search(call: Call, key: str) -> None:
    acme = token(key, filter='tenant = "acme"')
    assert ids(search(call, acme)) == {"red", "blue"}
    found = search(call, acme, q="*", facets=["tenant", "price"], filter="price > 3")["body"]
    assert [hit["document"]["id"] for hit in found["hits"]] == ["blue"]
    assert (found["found"], found["facets"]["tenant"]["values"]) == (1, [{"value": "acme", "count": 1}])
    assert ids(search(call, acme, q="old", filter='tenant = "globex"')) == set()
    assert ids(search(call, acme, filter='tenant = "acme" OR tenant = "globex"')) == {"red", "blue"}


@pytest.mark.parametrize("language", ["python", "js"])
def test_the_samples_of_the_readme_make_tokens(call: Call, key: str, language: str) -> None:
    if language == "js" and shutil.which("node") is None:
        pytest.skip("SKIPPED, as node is not installed.")
    command = [sys.executable, "-c"] if language == "python" else ["node", "-e"]
    done = subprocess.run(
        [*command, example(f"token-{language}", "")],
        env={"PATH": os.environ["PATH"], "CONCORD_API_KEY": key},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ids(search(call, done.stdout.strip())) == {"red", "blue"}


def test_suggestions_are_of_what_passes(call: Call, key: str) -> None:
    def suggested(bearer: str, typed: str) -> list[str]:
        path = "/v1/collections/guides/suggest"
        answer = call("documents_suggest", bearer, "GET", path, query=f"q={typed}")
        return [suggestion["text"] for suggestion in answer["body"]["suggestions"]]

    assert suggested(token(key), "ol") == ["old"]
    assert suggested(token(key, filter='tenant = "acme"'), "ol") == []
    assert suggested(token(key, filter='tenant = "acme"'), "lan") == ["lanterns"]


def test_what_is_gone_is_gone_for_tokens_too(call: Call, key: str, database_url: str) -> None:
    past = "UPDATE concord.document SET expires_at = now() - interval '1 hour' WHERE id = 'red'"
    execute(database_url, past)
    acme = token(key, filter='tenant = "acme"')
    assert ids(search(call, acme)) == {"blue"}
    path = "/v1/collections/guides/suggest"
    for typed, shown in (("blu", ["blue"]), ("re", []), ("ol", [])):
        answer = call("documents_suggest", acme, "GET", path, query=f"q={typed}")
        assert [document["id"] for document in answer["body"]["documents"]] == shown


def test_another_name_of_a_collection_is_one(call: Call) -> None:
    named = {"collection": "guides"}
    assert call("aliases_put", ADMIN_KEY, "PUT", "/v1/aliases/shop", named)["statusCode"] == 200
    acme = token(make(call, collections=["shop"]), filter='tenant = "acme"')
    assert ids(search(call, acme, collection="shop")) == {"red", "blue"}
    assert field_of(search(call, acme)) == (403, "collection")


def test_a_filter_may_ask_for_all_that_filters_can(call: Call, key: str) -> None:
    filters = {
        "price BETWEEN 4 AND 6": {"blue"},
        "price IN [3, 7]": {"red", "old"},
        'tenant = "acme" AND price IN [3, 7]': {"red"},
        'tenant = "acme" AND price > 4': {"blue"},
        'tenant STARTS WITH "glo" OR price < 4': {"red", "old"},
        "EXISTS margin": {"old"},
        "NOT EXISTS cost": {"old"},
        'id = "blue"': {"blue"},
        'created_at > "2020-01-01"': {"red", "blue", "old"},
        "price > 100": set(),
    }
    assert {text: ids(search(call, token(key, filter=text))) for text in filters} == filters


def test_similar_documents_are_of_what_passes(call: Call, key: str) -> None:
    def similar(bearer: str, document: str) -> Response:
        path = f"/v1/collections/guides/documents/{document}/similar"
        return call("documents_similar", bearer, "GET", path)

    acme = token(key, filter='tenant = "acme"')
    assert ids(similar(token(key), "red")) == {"blue", "old"}
    assert ids(similar(acme, "red")) == {"blue"}
    assert field_of(similar(acme, "old")) == (404, "id")


def test_each_of_several_searches_has_the_filter(call: Call, key: str) -> None:
    asked = [{"collection": name, "q": "lanterns"} for name in ("guides", "secrets")]
    acme = token(key, filter='tenant = "acme"')
    items = call("documents_multi_search", acme, "POST", "/v1/search", {"searches": asked})["body"]["items"]
    assert {hit["document"]["id"] for hit in items[0]["response"]["hits"]} == {"red", "blue"}
    assert items[1]["error"]["code"] == "permission_denied"


def test_fields_that_are_not_listed_do_not_exist(call: Call, key: str) -> None:
    shop = token(key, fields=["price", "tenant"])
    found = search(call, shop, q="*", sort=["price:asc"])["body"]
    assert [hit["document"]["metadata"] for hit in found["hits"]] == [
        {"price": price, "tenant": tenant} for price, tenant in ((3, "acme"), (5, "acme"), (7, "globex"))
    ]
    asked: dict[str, Any] = {
        "filter": "cost > 0",
        "facets": ["cost"],
        "sort": ["cost:asc"],
        "group_by": "cost",
        "boosts": [{"field": "cost", "weight": 1, "half": 1}],
    }
    for name, value in asked.items():
        refused = search(call, shop, **{name: value})
        assert (refused["statusCode"], refused["body"]["error"]["code"]) == (422, "unknown_field")
        (detail,) = refused["body"]["error"]["details"]
        assert detail["field"] == name
        assert detail["message"] == "no document has the metadata field cost; there are: price, tenant"
    # A document's own field may be hidden by one of its metadata: it is to be listed like these.
    assert search(call, shop, sort=["title:asc"])["statusCode"] == 422
    assert search(call, token(key, fields=["title"]), sort=["title:asc"])["statusCode"] == 200
    assert ids(search(call, shop, include_fields=["id"])) == {"red", "blue", "old"}


def test_which_fields_there_are_is_not_told_with_a_filter(call: Call, key: str) -> None:
    acme = token(key, filter='tenant = "acme"')
    assert ids(search(call, acme, filter="margin > 0")) == set()
    assert ids(search(call, acme, filter="nothing > 0")) == set()
    assert "margin" in str(search(call, token(key), filter="nothing > 0"))


def test_readers_narrow_as_those_of_a_key(call: Call) -> None:
    documents = {
        "documents": [{**LANTERNS[0], "readers": ["user:ada"]}, {**LANTERNS[1], "readers": ["user:bob"]}]
    }
    call("documents_upsert", ADMIN_KEY, "POST", "/v1/collections/guides/documents", documents)
    anybody, people = make(call), make(call, readers=["user:ada", "user:bob"])
    for key in (anybody, people):
        assert ids(search(call, token(key, readers=["user:ada"]))) == {"red", "old"}
        assert ids(search(call, token(key, readers=["user:ada"], filter="price < 7"))) == {"red"}
        assert ids(search(call, token(key, readers=[]))) == {"old"}
    assert ids(search(call, token(people))) == {"red", "blue", "old"}
    status, message = refusal(search(call, token(people, readers=["user:ada", "user:cleo"])))
    assert (status, message) == (
        401,
        "The token is not accepted: its claim readers has more than its key may read for.",
    )


def test_collections_narrow_those_of_the_key(call: Call) -> None:
    wide = make(call, collections=["guides", "sec*"])
    narrow = token(wide, collections=["secrets"])
    assert ids(search(call, narrow, collection="secrets")) == {"red", "blue", "old"}
    assert field_of(search(call, narrow)) == (403, "collection")
    for more in (["*"], ["guides*"], ["s*"], ["guides", "others"]):
        status, message = refusal(search(call, token(wide, collections=more)))
        assert (status, "its claim collections has more" in message) == (401, True)


def test_a_token_does_nothing_but_search(call: Call) -> None:
    mighty = token(make(call, actions=["*"], collections=["*"]))
    allowed = set()
    for function in list_functions():
        for route in function.routes:
            path = route.path.replace("{collection}", "guides").replace("{id}", "red")
            path = path.replace("{alias}", "guides")
            answer = call(function.name, mighty, route.method, path, {} if route.method != "GET" else None)
            if answer["statusCode"] not in {401, 403}:
                allowed.add(function.name)
    assert allowed == {
        "documents_search",
        "documents_multi_search",
        "documents_similar",
        "documents_suggest",
        "health_get",
        "openapi_get",
    }
    writer = token(make(call, actions=["documents:write"]))
    assert field_of(search(call, writer)) == (403, "authorization")


@pytest.mark.parametrize(
    "forged",
    [
        lambda good: good + "A",
        lambda good: good.rpartition(".")[0] + ".",
        lambda good: f"eyJ{'A' * 50}.{good.partition('.')[2]}",
        lambda good: f"{part({'alg': 'none', 'kid': 'ck_0123456789abcdef'})}.{good.split('.')[1]}.",
        lambda good: f"{part({'alg': 'none', 'kid': 'none'})}.{good.split('.')[1]}.",
    ],
)
def test_forged_tokens_are_no_key(call: Call, key: str, forged: Callable[[str], str]) -> None:
    assert search(call, forged(token(key)))["statusCode"] == 401
    assert search(call, token(key))["statusCode"] == 200


def test_many_forged_tokens_are_too_many(call: Call, key: str) -> None:
    statuses = [search(call, token(key, secret=b"guessed"))["statusCode"] for _ in range(40)]
    assert set(statuses) == {401, 429}
    assert statuses[:30] == [401] * 30


def test_a_key_that_has_ended_ends_its_tokens(call: Call, functions: Functions, database_url: str) -> None:
    key = make(call)
    signed = token(key)
    assert search(call, signed)["statusCode"] == 200
    call("keys_revoke", ADMIN_KEY, "DELETE", f"/v1/keys/{key.split('_')[1]}")
    # As if half a minute had passed, in which a process remembers keys.
    functions.close_http()
    assert refusal(search(call, signed)) == (401, "The token's key has expired or was revoked.")
    assert refusal(search(call, token(key, secret=b"another")))[1].endswith(
        "no key that there is has signed it."
    )
    execute(database_url, "DELETE FROM concord.api_key")
    functions.close_http()
    assert refusal(search(call, signed)) == (
        401,
        "The token is not accepted: no key that there is has signed it.",
    )


@pytest.mark.parametrize("text", ["tenant = ", "(", "tenant", " "])
def test_a_filter_that_cannot_be_read_is_told(call: Call, key: str, text: str) -> None:
    refused = search(call, token(key, filter=text))
    assert refusal(refused) == (403, "The token's filter cannot be read.")
    assert field_of(refused) == (403, "authorization")
    path = "/v1/collections/guides/suggest"
    suggested = call("documents_suggest", token(key, filter=text), "GET", path, query="q=lan")
    assert refusal(suggested) == (403, "The token's filter cannot be read.")


def test_limits_narrow_those_of_the_key(call: Call) -> None:
    key = make(call, limits={"max_limit": 2, "searches_per_day": 3})
    assert len(ids(search(call, token(key)))) == 2
    assert len(ids(search(call, token(key, limits={"max_limit": 1})))) == 1
    assert len(ids(search(call, token(key, limits={"max_limit": 50})))) == 2
    # All tokens of a key together, and the key, have what the key has.
    over = search(call, token(key, sub="another", limits={"searches_per_day": 100}))
    assert (over["statusCode"], over["body"]["error"]["code"]) == (429, "budget_exceeded")
    assert search(call, key)["statusCode"] == 429


def test_one_token_has_a_budget_of_its_own(call: Call, key: str) -> None:
    def status(sub: str) -> int:
        found = search(call, token(key, sub=sub, limits={"searches_per_day": 1}))
        code: int = found["statusCode"]
        return code

    assert [status("ada"), status("ada"), status("bob")] == [200, 429, 200]


def test_rates_are_those_of_the_token_and_of_its_key(call: Call) -> None:
    key = make(call, limits={"requests_per_second": 0.001, "burst": 3})

    def status(sub: str, burst: int) -> int:
        limits = {"requests_per_second": 0.001, "burst": burst}
        code: int = search(call, token(key, sub=sub, limits=limits))["statusCode"]
        return code

    assert [status("ada", 1), status("ada", 1), status("bob", 100), status("bob", 100)] == [
        200,
        429,
        200,
        200,
    ]
    assert [status("cleo", 100), search(call, key)["statusCode"]] == [429, 429]


def test_without_a_secret_no_token_is_checked(
    call: Call, key: str, monkeypatch: pytest.MonkeyPatch, functions: Functions
) -> None:
    monkeypatch.delenv("KEY_HASH_SECRET")
    functions.close_http()
    status, message = refusal(search(call, token(key)))
    assert (status, "KEY_HASH_SECRET" in message) == (401, True)
    monkeypatch.setenv("KEY_HASH_SECRET", "another secret of 32 characters or so")
    functions.close_http()
    assert refusal(search(call, token(key)))[1].endswith("no key that there is has signed it.")


def test_production_without_an_administrator_takes_no_token(
    call: Call, key: str, monkeypatch: pytest.MonkeyPatch, functions: Functions
) -> None:
    monkeypatch.delenv("ADMIN_KEY_HASH")
    functions.close_http()
    assert refusal(search(call, token(key))) == (401, "Nobody can sign in yet: set ADMIN_KEY_HASH.")


def test_the_key_of_tokens_signs_nothing_for_another_id(call: Call, key: str) -> None:
    other = make(call)
    kid = "_".join(other.split("_")[:2])
    forged = token(key, header={"alg": "HS256", "kid": kid}, secret=token_key(key))
    assert refusal(search(call, forged))[0] == 401
