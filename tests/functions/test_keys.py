"""API keys, through the functions that make and check them."""

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from shared.queues.in_process import in_process_queue
from tests.builders.events import Event, http_event, sqs_event
from tests.builders.functions import Functions, Response
from tests.builders.redis import RedisServer
from tests.builders.role_server import execute

ADMIN_KEY = "the administrator's"
SECRET = "a secret of 32 characters or more"
DOCUMENTS = {"documents": [{"id": "a", "body": "Lanterns light the harbour."}]}

type Call = Callable[..., Response]


def request(key: str, method: str, path: str, body: object = None, **more: Any) -> Event:
    event = http_event(method, path, body, **more)
    return {**event, "headers": {**event["headers"], "authorization": f"Bearer {key}"}}


@pytest.fixture(autouse=True)
def keys_are_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("ADMIN_KEY_HASH", hashlib.sha256(ADMIN_KEY.encode()).hexdigest())
    monkeypatch.setenv("KEY_HASH_SECRET", SECRET)


@pytest.fixture
def call(functions: Functions) -> Call:
    def called(name: str, key: str, method: str, path: str, body: object = None, **more: Any) -> Response:
        return functions(name, request(key, method, path, body, **more))

    for collection in ("guides", "guides_v2", "secrets"):
        made = called("collections_create", ADMIN_KEY, "POST", "/v1/collections", {"name": collection})
        assert made["statusCode"] == 201
        path = f"/v1/collections/{collection}/documents"
        assert called("documents_upsert", ADMIN_KEY, "POST", path, DOCUMENTS)["statusCode"] == 200
    return called


def make(call: Call, maker: str = ADMIN_KEY, **wanted: Any) -> dict[str, Any]:
    body = {"actions": ["documents:search"], "collections": ["guides"], **wanted}
    made = call("keys_create", maker, "POST", "/v1/keys", body)
    assert made["statusCode"] == 201, made
    answer: dict[str, Any] = made["body"]
    return answer


def search(call: Call, key: str, collection: str = "guides") -> Response:
    return call("documents_search", key, "GET", f"/v1/collections/{collection}/search", query="q=harbour")


def code(response: Response) -> str:
    text: str = response["body"]["error"]["code"]
    return text


def refusal(response: Response) -> tuple[int, str]:
    return response["statusCode"], response["body"]["error"]["details"][0]["field"]


def forget(functions: Functions) -> None:
    """As if the time had passed in which a process remembers keys: functions start anew."""
    functions._http.clear()


def test_a_key_opens_what_it_names_and_is_shown_once(call: Call) -> None:
    made = make(call, description="search box")
    assert made["key"].startswith(f"ck_{made['id']}_")
    assert search(call, made["key"])["statusCode"] == 200
    listed = call("keys_list", ADMIN_KEY, "GET", "/v1/keys")
    (key,) = listed["body"]["keys"]
    assert (key["id"], key["description"], key["created_by"]) == (made["id"], "search box", "admin")
    assert made["key"] not in str(listed)


def test_the_database_has_no_secret_of_a_key(call: Call, database_url: str) -> None:
    made = make(call)
    with psycopg.connect(database_url) as connection:
        stored = connection.execute("SELECT k::text, hash FROM concord.api_key k").fetchall()
    secret = made["key"].rpartition(f"{made['id']}_")[2]
    assert secret not in str(stored)
    assert stored[0][1] != hashlib.sha256(made["key"].encode()).digest()


def test_a_key_does_not_do_what_it_does_not_name(call: Call) -> None:
    key = make(call)["key"]
    write = call("documents_upsert", key, "POST", "/v1/collections/guides/documents", DOCUMENTS)
    assert refusal(write) == (403, "authorization")
    assert refusal(call("keys_list", key, "GET", "/v1/keys")) == (403, "authorization")


@pytest.mark.parametrize("collection", ["secrets", "nowhere", "guides_v2"])
def test_a_collection_of_others_is_refused_whether_it_exists_or_not(call: Call, collection: str) -> None:
    key = make(call)["key"]
    refused = search(call, key, collection)
    assert refusal(refused) == (403, "collection")
    assert refused["body"] == search(call, key, "another")["body"]


def test_patterns_name_beginnings(call: Call) -> None:
    key = make(call, collections=["guides*"], actions=["documents:search", "collections:read"])["key"]
    assert search(call, key, "guides_v2")["statusCode"] == 200
    listed = call("collections_list", key, "GET", "/v1/collections")["body"]["collections"]
    assert [found["name"] for found in listed] == ["guides", "guides_v2"]


def test_each_of_several_searches_is_checked(call: Call) -> None:
    key = make(call)["key"]
    searches = [{"collection": name, "q": "harbour"} for name in ("guides", "secrets", "nowhere")]
    items = call("documents_multi_search", key, "POST", "/v1/search", {"searches": searches})["body"]["items"]
    assert [item["error"] and item["error"]["code"] for item in items] == [None, *["permission_denied"] * 2]
    assert items[1]["error"] == items[2]["error"]


def test_names_are_only_given_within_the_pattern(call: Call) -> None:
    key = make(call, actions=["collections:*"], collections=["guides*"])["key"]
    created = call("collections_create", key, "POST", "/v1/collections", {"name": "stolen"})
    assert refusal(created) == (403, "name")
    renamed = call("collections_update", key, "PATCH", "/v1/collections/guides", {"name": "stolen"})
    assert refusal(renamed) == (403, "name")
    for alias, target, field in (("stolen", "guides", "alias"), ("guides_new", "secrets", "collection")):
        given = call("aliases_put", key, "PUT", f"/v1/aliases/{alias}", {"collection": target})
        assert refusal(given) == (403, field)
    deleted = call("aliases_delete", key, "DELETE", "/v1/aliases/stolen")
    assert refusal(deleted) == (403, "alias")
    assert (
        call("collections_create", key, "POST", "/v1/collections", {"name": "guides_v3"})["statusCode"] == 201
    )
    put = call("aliases_put", key, "PUT", "/v1/aliases/guides_new", {"collection": "guides_v3"})
    assert put["statusCode"] == 200


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"actions": ["documents:write"]}, "actions"),
        ({"actions": ["documents:*"]}, "actions"),
        ({"actions": ["*"]}, "actions"),
        ({"collections": ["guides_v2"]}, "collections"),
        ({"collections": ["guides*"]}, "collections"),
        ({"collections": ["*"]}, "collections"),
    ],
)
def test_a_key_makes_none_that_may_more(call: Call, wanted: dict[str, Any], field: str) -> None:
    maker = make(call, actions=["documents:search", "keys:*"])["key"]
    body = {"actions": ["documents:search"], "collections": ["guides"], **wanted}
    assert refusal(call("keys_create", maker, "POST", "/v1/keys", body)) == (403, field)


def test_a_key_makes_one_that_may_as_much_for_no_longer(call: Call) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    limits = {"requests_per_second": 5.0, "max_limit": 10}
    wanted: dict[str, Any] = {
        "actions": ["documents:search", "keys:*"],
        "limits": limits,
        "expires_at": end.isoformat(),
    }
    maker = make(call, **wanted)
    later = (end + timedelta(days=1)).isoformat()
    made = make(call, maker["key"], limits={"max_limit": 20, "burst": None}, expires_at=later)
    assert made["created_by"] == f"key:{maker['id']}"
    assert datetime.fromisoformat(made["expires_at"]) == end
    assert (made["limits"]["requests_per_second"], made["limits"]["max_limit"]) == (5.0, 10)
    assert make(call, maker["key"])["expires_at"] == maker["expires_at"]


def test_a_key_knows_and_revokes_none_that_may_more(call: Call) -> None:
    maker = make(call, actions=["documents:search", "keys:*"])
    others = [make(call, collections=["secrets"]), make(call, actions=["documents:*"])]
    own = make(call, maker["key"])
    listed = call("keys_list", maker["key"], "GET", "/v1/keys")["body"]["keys"]
    assert sorted(key["id"] for key in listed) == sorted([maker["id"], own["id"]])
    for other in others:
        revoked = call("keys_revoke", maker["key"], "DELETE", f"/v1/keys/{other['id']}")
        assert (revoked["statusCode"], code(revoked)) == (404, "key_not_found")
    assert call("keys_revoke", maker["key"], "DELETE", f"/v1/keys/{own['id']}")["statusCode"] == 204


def test_lists_have_pages(call: Call) -> None:
    ids = sorted(make(call)["id"] for _ in range(3))
    first = call("keys_list", ADMIN_KEY, "GET", "/v1/keys", query="limit=2")["body"]
    second = call("keys_list", ADMIN_KEY, "GET", "/v1/keys", query=f"limit=2&cursor={first['cursor']}")[
        "body"
    ]
    assert [key["id"] for page in (first, second) for key in page["keys"]] == ids
    assert second["cursor"] is None


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"actions": ["documents:steal"]}, "actions"),
        ({"actions": []}, "actions"),
        ({"collections": ["a*b"]}, "collections.0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2036-01-01T00:00:00"}, "expires_at"),
        ({"readers": ["user:ada"], "actions": ["documents:write"]}, "actions"),
        ({"readers": ["user:ada"], "actions": ["documents:*"]}, "actions"),
        ({"readers": ["not a name"]}, "readers.0"),
        ({"limits": {"burst": 5}}, "limits"),
        ({"description": "a\x00b"}, "description"),
        ({"more": 1}, "more"),
        ({"replaces": "x"}, "replaces"),
    ],
)
def test_what_no_key_can_be_is_named(call: Call, wanted: dict[str, Any], field: str) -> None:
    body = {"actions": ["documents:search"], "collections": ["guides"], **wanted}
    assert refusal(call("keys_create", ADMIN_KEY, "POST", "/v1/keys", body)) == (422, field)


def test_actions_and_collections_are_named(call: Call) -> None:
    assert call("keys_create", ADMIN_KEY, "POST", "/v1/keys", {"actions": ["*"]})["statusCode"] == 422


def test_a_key_with_readers_sees_what_they_may_read(call: Call) -> None:
    documents = {
        "documents": [
            {"id": "ours", "body": "harbour", "readers": ["user:ada"]},
            {"id": "theirs", "body": "harbour", "readers": ["user:bob"]},
        ]
    }
    call("documents_upsert", ADMIN_KEY, "POST", "/v1/collections/guides/documents", documents)
    key = make(call, readers=["user:ada"])["key"]
    hits = search(call, key)["body"]["hits"]
    assert sorted(hit["document"]["id"] for hit in hits) == ["a", "ours"]


def test_a_revoked_key_opens_nothing(call: Call, functions: Functions) -> None:
    made = make(call)
    assert search(call, made["key"])["statusCode"] == 200
    assert call("keys_revoke", ADMIN_KEY, "DELETE", f"/v1/keys/{made['id']}")["statusCode"] == 204
    forget(functions)
    refused = search(call, made["key"])
    assert refused["statusCode"] == 401
    assert refused["body"]["error"]["message"] == "The key has expired or was revoked."
    # Twice is as good as once, and unknown ones are told.
    assert call("keys_revoke", ADMIN_KEY, "DELETE", f"/v1/keys/{made['id']}")["statusCode"] == 204
    assert code(call("keys_revoke", ADMIN_KEY, "DELETE", "/v1/keys/nothing")) == "key_not_found"


def test_an_expired_key_opens_nothing_though_it_is_remembered(call: Call) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    key = make(call, expires_at=soon)["key"]
    assert search(call, key)["statusCode"] == 200
    while datetime.now(UTC).isoformat() <= soon:
        pass
    assert search(call, key)["statusCode"] == 401


def test_a_replaced_key_goes_on_for_the_overlap(call: Call, functions: Functions) -> None:
    old = make(call, readers=["user:ada"], limits={"max_limit": 5}, description="box")
    body = {"replaces": old["id"], "overlap_seconds": 3600}
    new = call("keys_create", ADMIN_KEY, "POST", "/v1/keys", body)["body"]
    same = ("actions", "collections", "readers", "limits", "description")
    assert {name: new[name] for name in same} == {name: old[name] for name in same}
    forget(functions)
    assert [search(call, made["key"])["statusCode"] for made in (old, new)] == [200, 200]
    listed = call("keys_list", ADMIN_KEY, "GET", "/v1/keys")["body"]["keys"]
    (replaced,) = (key for key in listed if key["id"] == old["id"])
    assert replaced["replaced_by"] == new["id"]
    ends = datetime.fromisoformat(replaced["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < ends <= timedelta(hours=1)
    assert refusal(call("keys_create", ADMIN_KEY, "POST", "/v1/keys", body)) == (422, "replaces")


def test_a_replaced_key_without_overlap_ends_at_once(call: Call, functions: Functions) -> None:
    old = make(call)
    body = {"replaces": old["id"], "actions": ["documents:read"], "limits": None}
    new = call("keys_create", ADMIN_KEY, "POST", "/v1/keys", body)["body"]
    forget(functions)
    assert search(call, old["key"])["statusCode"] == 401
    assert refusal(search(call, new["key"])) == (403, "authorization")


@pytest.mark.parametrize("change", ["", "x", "ck_", "ck__", "ck_0000000000000000_" + "A" * 43, "ck_é"])
def test_what_is_no_key_is_refused(call: Call, change: str) -> None:
    assert search(call, change)["statusCode"] == 401


def test_a_key_with_one_other_character_is_refused(call: Call) -> None:
    key = make(call)["key"]
    other = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert search(call, other)["statusCode"] == 401
    assert search(call, key)["statusCode"] == 200


def test_guesses_are_limited_and_keys_in_use_are_not(call: Call) -> None:
    key = make(call)["key"]
    assert search(call, key)["statusCode"] == 200
    answers = [search(call, f"ck_{number:016x}_{'A' * 43}") for number in range(40)]
    statuses = [answer["statusCode"] for answer in answers]
    assert statuses == [401] * 30 + [429] * 10
    assert int(answers[-1]["headers"]["retry-after"]) >= 1
    assert search(call, key)["statusCode"] == 200
    assert search(call, ADMIN_KEY)["statusCode"] == 200


def test_all_processes_refuse_an_address_that_guesses(
    call: Call, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make(call)["key"]
    with RedisServer() as server:
        monkeypatch.setenv("REDIS_URL", server.url)
        functions.close_http()
        guesses = [search(call, f"ck_{number:016x}_{'A' * 43}")["statusCode"] for number in range(31)]
        assert guesses == [401] * 30 + [429]
        # Another process, which has seen nothing of the address and is not asked for a key of its either.
        functions.close_http()
        refused = search(call, key)
        assert (refused["statusCode"], code(refused)) == (429, "rate_limited")
        assert search(call, ADMIN_KEY)["statusCode"] == 200
        # With Redis gone, each process counts for itself.
        server.kill()
        functions.close_http()
        assert search(call, key)["statusCode"] == 200


def test_a_key_shows_when_it_was_used_last(
    call: Call, functions: Functions, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"in-process:{uuid.uuid4()}"
    monkeypatch.setenv("USAGE_QUEUE_URL", url)
    used, unused = make(call), make(call)
    functions.close_http()
    suggest = "/v1/collections/guides/suggest"

    def use() -> None:
        assert call("documents_suggest", used["key"], "GET", suggest, query="q=har")["statusCode"] == 200
        functions.close_http()
        messages = [str(message) for message in in_process_queue(url)._messages]
        assert functions.process("usage_record", sqs_event(*messages)) == {"batchItemFailures": []}

    def last_used() -> dict[str, str | None]:
        listed = call("keys_list", ADMIN_KEY, "GET", "/v1/keys")["body"]["keys"]
        return {key["id"]: key["last_used_at"] for key in listed}

    assert last_used() == {used["id"]: None, unused["id"]: None}
    before = datetime.now(UTC)
    use()
    first = last_used()
    assert first[unused["id"]] is None
    assert datetime.fromisoformat(first[used["id"]] or "") >= before - timedelta(seconds=1)
    # Written once a minute.
    use()
    assert last_used() == first
    execute(database_url, "UPDATE concord.api_key SET last_used_at = now() - interval '2 minutes'")
    use()
    assert (last_used()[used["id"]] or "") > (first[used["id"]] or "")


def test_without_the_server_secret_there_are_no_keys(
    call: Call, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make(call)["key"]
    monkeypatch.delenv("KEY_HASH_SECRET")
    forget(functions)
    refused = search(call, key)
    assert refused["statusCode"] == 401
    assert refused["body"]["error"]["message"] == "Keys cannot be checked here: set KEY_HASH_SECRET."
    body = {"actions": ["*"], "collections": ["*"]}
    made = call("keys_create", ADMIN_KEY, "POST", "/v1/keys", body)
    assert (made["statusCode"], code(made)) == (409, "keys_not_configured")


def test_another_server_secret_ends_all_keys(
    call: Call, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make(call)["key"]
    monkeypatch.setenv("KEY_HASH_SECRET", SECRET[::-1])
    forget(functions)
    assert search(call, key)["statusCode"] == 401


def test_functions_without_a_database_know_the_administrator_alone(call: Call) -> None:
    key = make(call)["key"]
    assert call("openapi_get", key, "POST", "/openapi.json", "{")["statusCode"] == 405
    assert call("openapi_get", key, "GET", "/openapi.json")["statusCode"] == 200


def test_a_laptop_without_an_admin_key_checks_keys_that_are_shown(
    call: Call, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "local")
    monkeypatch.delenv("ADMIN_KEY_HASH")
    forget(functions)
    key = make(call)["key"]
    assert refusal(search(call, key, "secrets")) == (403, "collection")
    assert search(call, "anything", "secrets")["statusCode"] == 200


def test_who_sees_some_documents_is_told_nothing_of_all(call: Call) -> None:
    key = make(call, actions=["documents:read"], readers=["user:ada"])["key"]
    root = "/v1/collections/guides"
    told = {
        "exports_create": ("POST", f"{root}/exports"),
        "exports_get": ("GET", f"{root}/exports/a"),
        "imports_list": ("GET", f"{root}/imports"),
        "imports_get": ("GET", f"{root}/imports/a"),
        "sources_list": ("GET", f"{root}/sources"),
        "sources_get": ("GET", f"{root}/sources/a"),
    }
    for name, (method, path) in told.items():
        assert refusal(call(name, key, method, path, {} if method == "POST" else None)) == (
            403,
            "authorization",
        )
    assert call("documents_list", key, "GET", f"{root}/documents")["statusCode"] == 200
