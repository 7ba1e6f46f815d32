"""What is used: told in answers, counted once, shown to those it concerns, and ended by budgets."""

import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.config import ConfigurationError
from shared.domain.principals import ADMIN, WORKER, Limits
from shared.domain.search import SearchRequest
from shared.domain.suggestions import SuggestRequest
from shared.domain.usage import Usage, UsageEntry, UsageReport, today
from shared.http.metering import Meter, MeterSettings, narrowed
from shared.queues.in_process import InProcessQueue, in_process_queue
from tests.builders.events import Event, http_event, schedule_event, sqs_event, usage_of
from tests.builders.functions import Functions, Response
from tests.builders.redis import RedisServer
from tests.builders.role_server import execute
from tests.contracts.test_public_routes import routes
from tests.functions.conftest import Upsert

SEARCH = "/v1/collections/guides/search"
QUERY = "where are the lanterns"


def searched(**request: object) -> Event:
    return http_event("POST", SEARCH, {"q": QUERY, **request})


def usage(functions: Functions, query: str = "") -> Any:
    return functions("usage_get", http_event("GET", "/v1/usage", query=query))["body"]


def counts(row: dict[str, Any]) -> dict[str, int]:
    return {name: row[name] for name in Usage.model_fields}


def with_id(**fields: object) -> str:
    return json.dumps({"id": str(uuid.uuid4()), **fields})


def report(principal: str = "admin", day: date | None = None, **used: int) -> UsageReport:
    return UsageReport((UsageEntry(day or today(), principal, Usage(**used)),))


@pytest.fixture
def library(guides: Upsert) -> None:
    guides({"id": "quay", "body": "Lanterns light the quay."}, {"id": "hill", "body": "A hill at night."})


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> InProcessQueue:
    url = f"in-process:{uuid.uuid4()}"
    monkeypatch.setenv("USAGE_QUEUE_URL", url)
    return in_process_queue(url)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    with RedisServer() as started:
        monkeypatch.setenv("REDIS_URL", started.url)
        yield started


@pytest.mark.usefixtures("library")
def test_an_answer_tells_what_it_cost(functions: Functions) -> None:
    body = functions("documents_search", searched())["body"]
    tokens = body["usage"]["embedded_tokens"]
    assert body["usage"] == usage_of(searches=1, embedded_queries=1, embedded_tokens=tokens)
    assert 4 <= tokens <= 8
    words = functions("documents_search", searched(mode="keyword"))["body"]
    assert words["usage"] == usage_of(searches=1)
    several = [{"collection": name, "q": QUERY} for name in ("guides", "guides", "gone")]
    together = functions("documents_multi_search", http_event("POST", "/v1/search", {"searches": several}))[
        "body"
    ]
    assert together["usage"]["searches"] == together["usage"]["embedded_queries"] == 2
    assert together["usage"]["embedded_tokens"] == 2 * tokens


@pytest.mark.usefixtures("library")
def test_every_answer_tells_in_its_header_what_it_cost(functions: Functions) -> None:
    told = functions("documents_search", searched(), raw=True)
    tokens = json.loads(told["body"])["usage"]["embedded_tokens"]
    field = f"searches=1, embedded_queries=1, embedded_tokens={tokens}"
    assert told["headers"]["concord-usage"] == field
    changed = http_event("PATCH", "/v1/collections/guides/documents/hill", {"title": "H"})
    written = functions("documents_update", changed, raw=True)
    assert written["headers"]["concord-usage"] == "searches=0, documents_written=1"
    for route in routes():
        path = route.path.format(collection="guides", id="hill", alias="a")
        name = route.endpoint.__module__.split(".")[1]
        for method in route.methods or ():
            answered = functions(name, http_event(method, path), raw=True)
            is_private = path.startswith("/v1/")
            assert ("concord-usage" in answered["headers"]) is is_private, (method, path)


@pytest.mark.usefixtures("library")
def test_who_is_not_known_is_not_told_of_usage(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_KEY_HASH", "0" * 64)
    refused = functions("documents_search", searched(), raw=True)
    assert refused["statusCode"] == 401
    assert "concord-usage" not in refused["headers"]


def test_days_that_are_long_ago_are_forgotten(
    functions: Functions, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USAGE_RETENTION_DAYS", "30")
    reports = [
        report(name, today() - timedelta(days=back), searches=1)
        for name, back in (("a", 31), ("b", 31), ("a", 30), ("a", 0))
    ]
    functions.process("usage_record", sqs_event(*(one.to_message() for one in reports)))
    assert functions.process("indexes_maintain", schedule_event())["purged_rows"] == 2
    left = execute(database_url, "SELECT principal, day FROM concord.usage ORDER BY day")
    assert left == [("a", today() - timedelta(days=30)), ("a", today())]


@pytest.mark.parametrize("with_redis", [True, False])
def test_documents_wait_for_the_next_day_and_say_so(
    functions: Functions,
    guides: Upsert,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    *,
    with_redis: bool,
) -> None:
    if with_redis:
        request.getfixturevalue("server")
    monkeypatch.setenv("DOCUMENT_TOKENS_PER_DAY", "1")

    def sweep_until(state: str) -> dict[str, Any]:
        functions.process("chunks_embed", schedule_event())
        event = http_event("GET", "/v1/collections/guides/documents/hill")
        document: dict[str, Any] = functions("documents_get", event)["body"]
        assert document["embedding_state"] == state
        return document

    guides({"id": "hill", "body": "A hill at night."})
    assert sweep_until("ready")["embedding_error"] is None
    changed = http_event("PATCH", "/v1/collections/guides/documents/hill", {"body": "A hill by day."})
    functions("documents_update", changed)
    assert "used up for today" in sweep_until("pending")["embedding_error"]
    found = functions("documents_search", searched(q="by day"))["body"]
    assert [hit["document"]["id"] for hit in found["hits"]] == ["hill"]
    (row,) = usage(functions)["usage"]
    assert row["document_tokens"] > 1
    execute(database_url, "UPDATE concord.usage SET day = day - 1")
    assert sweep_until("ready")["embedding_error"] is None


@pytest.mark.usefixtures("library", "server")
def test_an_answer_that_was_kept_has_embedded_nothing(functions: Functions) -> None:
    first = again = functions("documents_search", searched())
    assert first["body"]["usage"]["embedded_queries"] == 1
    deadline = time.monotonic() + 30
    # A busy machine may be too slow for a cache.
    while again["headers"]["x-cache"] != "hit":
        assert time.monotonic() < deadline
        again = functions("documents_search", searched())
    assert again["body"].pop("usage") == usage_of(searches=1)
    assert again["body"]["hits"] == first["body"]["hits"]
    suggest = http_event("GET", "/v1/collections/guides/suggest", query="q=lant")
    suggested = [functions("documents_suggest", suggest)["body"] for _ in range(2)]
    assert suggested[0] == suggested[1]
    assert suggested[0]["usage"] == usage_of()


@pytest.mark.usefixtures("library")
def test_what_is_used_goes_by_the_queue_to_the_table(functions: Functions, queue: InProcessQueue) -> None:
    functions("documents_search", searched())
    functions("documents_search", searched(mode="keyword"))
    functions(
        "documents_update", http_event("PATCH", "/v1/collections/guides/documents/hill", {"title": "H"})
    )
    functions.close_http()
    messages = [str(message) for message in queue._messages]
    read = [UsageReport.from_message(message) for message in messages]
    assert {entry.principal for each in read for entry in each.entries} == {"admin"}
    for _ in range(2):
        assert functions.process("usage_record", sqs_event(*messages)) == {"batchItemFailures": []}
    (row,) = usage(functions)["usage"]
    assert (row["day"], row["principal"]) == (str(today()), "admin")
    assert row["last_used_at"]
    tokens = row["embedded_tokens"]
    assert tokens > 0
    assert counts(row) == usage_of(
        searches=2, embedded_queries=1, embedded_tokens=tokens, documents_written=1
    )


def test_reports_add_up_and_malformed_ones_fail_alone(functions: Functions, database_url: str) -> None:
    malformed = [
        "no JSON",
        "[]",
        '{"usage": []}',
        '{"id": "x", "usage": []}',
        with_id(usage=[{"day": "2026-13-01", "principal": "a"}]),
        with_id(usage=[{"day": "2026-11-01", "principal": "a", "searches": "1"}]),
        with_id(usage=[], correlation_id="no id"),
    ]
    twice = UsageReport(
        (
            UsageEntry(today(), "b", Usage(searches=1)),
            UsageEntry(today(), "a", Usage(searches=2, documents_written=3)),
            UsageEntry(today(), "b", Usage(embedded_tokens=5)),
        )
    )
    event = sqs_event(*malformed, twice.to_message(), report("a", searches=4).to_message())
    failed = functions.process("usage_record", event)["batchItemFailures"]
    assert len(failed) == len(malformed)
    shown = {row["principal"]: counts(row) for row in usage(functions)["usage"]}
    assert shown == {
        "a": usage_of(searches=6, documents_written=3),
        "b": usage_of(searches=1, embedded_tokens=5),
    }
    execute(database_url, "UPDATE concord.usage_report SET received_at = now() - interval '16 days'")
    functions.process("usage_record", sqs_event(report().to_message()))
    assert len(execute(database_url, "SELECT id FROM concord.usage_report")) == 1


def test_usage_is_listed_page_by_page(functions: Functions) -> None:
    days = [today() - timedelta(days=back) for back in (40, 2, 0)]
    reports = [report(name, day, searches=1).to_message() for day in days for name in ("a", "b c")]
    functions.process("usage_record", sqs_event(*reports))
    seen, cursor = [], ""
    while True:
        page = usage(functions, f"limit=3{cursor}")
        seen += [(row["day"], row["principal"]) for row in page["usage"]]
        if page["cursor"] is None:
            break
        cursor = f"&cursor={page['cursor']}"
    assert seen == [(str(day), name) for day in days[1:] for name in ("a", "b c")]
    assert len(usage(functions, "days=60&of=a")["usage"]) == 3
    assert usage(functions, "days=1&of=nobody") == {"usage": [], "cursor": None}
    for query, field in (("days=401", "days"), ("cursor=YWZ0ZXI6eCB5", "cursor"), ("of=%00", "of")):
        refused = functions("usage_get", http_event("GET", "/v1/usage", query=query))
        assert (refused["statusCode"], refused["body"]["error"]["details"][0]["field"]) == (422, field)


@pytest.mark.usefixtures("library")
def test_a_budget_ends_searches_until_midnight(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCHES_PER_DAY", "3")
    several = http_event("POST", "/v1/search", {"searches": [{"collection": "guides", "q": "hill"}] * 4})
    assert functions("documents_multi_search", several)["statusCode"] == 429
    answered = [functions("documents_search", searched(mode="keyword")) for _ in range(4)]
    assert [answer["statusCode"] for answer in answered] == [200, 200, 200, 429]
    error = answered[-1]["body"]["error"]
    assert (error["code"], error["details"]) == (
        "budget_exceeded",
        [{"field": "searches_per_day", "message": "3 of this principal are used up"}],
    )
    now = datetime.now(UTC)
    left = (24 * 60 - now.hour * 60 - now.minute) * 60 - now.second
    assert abs(int(answered[-1]["headers"]["retry-after"]) - left) <= 5
    # What is no search goes on.
    suggest = http_event("GET", "/v1/collections/guides/suggest", query="q=lant")
    assert functions("documents_suggest", suggest)["statusCode"] == 200


@pytest.mark.usefixtures("library")
def test_without_redis_a_budget_knows_what_the_table_has(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYMENT_SEARCHES_PER_DAY", "10")
    functions.process("usage_record", sqs_event(report("somebody else", searches=9).to_message()))
    answered = [functions("documents_search", searched(mode="keyword")) for _ in range(2)]
    assert [answer["statusCode"] for answer in answered] == [200, 429]
    assert "this deployment" in answered[1]["body"]["error"]["details"][0]["message"]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("with_redis", [True, False])
def test_tokens_are_counted_when_they_were_embedded(
    functions: Functions, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, *, with_redis: bool
) -> None:
    monkeypatch.setenv("EMBEDDED_TOKENS_PER_DAY", "5")
    monkeypatch.setenv("CACHE_TTL_SECONDS", "0")
    if with_redis:
        request.getfixturevalue("server")
    answered: list[Response] = [functions("documents_search", searched()) for _ in range(3)]
    assert answered[0]["statusCode"] == 200
    assert answered[-1]["statusCode"] == 429
    assert answered[-1]["body"]["error"]["details"][0]["field"] == "embedded_tokens_per_day"


@pytest.mark.usefixtures("library")
def test_all_processes_spend_one_budget_in_redis(
    functions: Functions, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCHES_PER_DAY", "3")
    other = Functions()
    event = searched(mode="keyword")
    answered = [each("documents_search", event) for _ in range(2) for each in (functions, other)]
    assert [answer["statusCode"] for answer in answered] == [200, 200, 200, 429]
    other.close()
    # Gone, it stops nobody: the table is asked, which has heard of nothing yet.
    server.kill()
    assert functions("documents_search", searched(mode="keyword", limit=7))["statusCode"] == 200


async def test_a_principal_has_a_budget_of_its_own() -> None:
    meter = Meter(MeterSettings(searches_per_day=1, embedded_tokens_per_day=1))
    own = ADMIN._replace(limits=Limits(searches_per_day=50, embedded_tokens_per_day=60))
    assert [demand.limit for demand in meter._demands(own, Usage())] == [50, 60]
    other = ADMIN._replace(limits=Limits(max_limit=5))
    assert [demand.limit for demand in meter._demands(other, Usage())] == [1, 1]
    assert [demand.limit for demand in meter._demands(WORKER, Usage())] == [1, 1]
    await meter.aclose()


def test_a_principal_sees_as_many_hits_as_it_may() -> None:
    request = SearchRequest(q="a", limit=10, group_size=3)
    assert narrowed(request, ADMIN) is request
    few = ADMIN._replace(limits=Limits(max_limit=5))
    assert (narrowed(request, few).limit, narrowed(request, few).group_size) == (1, 3)
    assert narrowed(SearchRequest(q="a", limit=10), few).limit == 5
    assert narrowed(SearchRequest(q="a", limit=2), few).limit == 2
    assert narrowed(SuggestRequest(q="a", limit=50), few) == SuggestRequest(q="a", limit=5)


def test_a_malformed_address_of_redis_stops_the_start() -> None:
    settings = MeterSettings.model_validate({"redis_url": "http://user:secret@redis"})
    with pytest.raises(ConfigurationError, match="REDIS_URL is malformed"):
        Meter(settings)
