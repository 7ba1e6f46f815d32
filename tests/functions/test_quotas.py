"""`max_documents`: how many documents a collection may have, by whatever way they come."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.builders.claims import EVERYTHING
from tests.builders.embedding_state import execute
from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.builders.source_runs import SourceRuns
from tests.builders.sql_writes import UPSERT
from tests.builders.web_site import WebSite
from tests.builders.writers_at_once import write_at_once
from tests.functions.conftest import Upsert
from tests.functions.test_imports import Imports, counts, lines
from tests.functions.test_sources import sitemap

GUIDES = "/v1/collections/guides"
REFUSAL = {
    "code": "quota_exceeded",
    "message": "The collection has as many documents as it may; delete some, or raise its max_documents.",
    "type": "conflict",
    "details": [],
}


def reshape(functions: Functions, **change: object) -> dict[str, Any]:
    return functions("collections_update", http_event("PATCH", GUIDES, change))


def statuses(answered: dict[str, Any]) -> list[str]:
    return [item["status"] for item in answered["body"]["items"]]


def shown(functions: Functions) -> tuple[int, int | None]:
    """How many documents there are, and how many there may be."""
    found = functions("collections_get", http_event("GET", GUIDES))["body"]
    return found["documents"], found["max_documents"]


def document(id: str, **more: object) -> dict[str, Any]:  # noqa: A002 - its field's name
    return {"id": id, "body": f"Lanterns of {id}.", **more}


def test_a_quota_is_set_changed_and_removed(functions: Functions) -> None:
    wanted = {"name": "guides", "max_documents": 3}
    created = functions("collections_create", http_event("POST", "/v1/collections", wanted))
    assert (created["statusCode"], created["body"]["max_documents"]) == (201, 3)
    listed = functions("collections_list", http_event("GET", "/v1/collections"))
    assert [collection["max_documents"] for collection in listed["body"]["collections"]] == [3]
    for quota in (0, 2**31 - 1, None):
        assert reshape(functions, max_documents=quota)["body"]["max_documents"] == quota
    assert shown(functions) == (0, None)


@pytest.mark.usefixtures("guides")
@pytest.mark.parametrize("quota", [-1, 2**31, "5", 1.5, True])
def test_what_no_quota_can_be(functions: Functions, quota: object) -> None:
    wanted = {"name": "news", "max_documents": quota}
    created = functions("collections_create", http_event("POST", "/v1/collections", wanted))
    for refused in (created, reshape(functions, max_documents=quota)):
        assert refused["statusCode"] == 422
        assert [detail["field"] for detail in refused["body"]["error"]["details"]] == ["max_documents"]


def test_of_a_batch_what_is_new_and_too_much_is_refused(functions: Functions, guides: Upsert) -> None:
    guides(document("a"))
    reshape(functions, max_documents=2)
    changed = document("a", title="A")
    answered = guides(document("b"), document("c"), changed, document("d"))
    assert (answered["statusCode"], answered["body"]["errors"]) == (207, 2)
    assert statuses(answered) == ["created", "failed", "updated", "failed"]
    assert answered["body"]["items"][1]["error"] == REFUSAL
    assert answered["body"]["usage"]["documents_written"] == 2
    assert statuses(guides(document("b"), document("a", body="Other."))) == ["unchanged", "updated"]
    patched = functions("documents_update", http_event("PATCH", f"{GUIDES}/documents/b", {"title": "B"}))
    assert patched["statusCode"] == 200
    assert shown(functions) == (2, 2)


def test_a_quota_below_what_is_there_stops_additions_alone(functions: Functions, guides: Upsert) -> None:
    guides(document("a"), document("b"))
    assert reshape(functions, max_documents=0)["statusCode"] == 200
    assert statuses(guides(document("a", title="A"), document("c"))) == ["updated", "failed"]
    assert shown(functions) == (2, 0)
    reshape(functions, max_documents=None)
    assert statuses(guides(document("c"))) == ["created"]


def test_what_is_gone_makes_room_at_once(functions: Functions, guides: Upsert, database_url: str) -> None:
    """Though maintenance has not removed it yet."""
    guides(document("a"), document("b", metadata={"n": 1}), document("c", metadata={"n": 1}))
    reshape(functions, max_documents=3)
    functions("documents_delete", http_event("DELETE", f"{GUIDES}/documents/a"))
    assert statuses(guides(document("d"), document("e"))) == ["created", "failed"]
    execute(
        database_url, "UPDATE concord.document SET expires_at = now() - interval '1 minute' WHERE id = 'd'"
    )
    assert statuses(guides(document("e"), document("f"))) == ["created", "failed"]
    execute(
        database_url,
        "INSERT INTO concord.deletion (collection_id, filter, documents)"
        " SELECT id, 'n = 1', 2 FROM concord.collection",
    )
    assert statuses(guides(document("f"), document("g"), document("h"))) == ["created", "created", "failed"]
    assert shown(functions) == (3, 3)
    # What was deleted is new when it comes again.
    assert statuses(guides(document("b"))) == ["failed"]


def test_two_batches_at_once_do_not_pass_it(functions: Functions, guides: Upsert, database_url: str) -> None:
    """Both have looked at what is there when either may write."""
    guides(document("first"))
    reshape(functions, max_documents=4)
    answers: list[list[str]] = []

    def write(name: str) -> None:
        own = Functions()
        body = {"documents": [document(f"{name}{place}") for place in range(2)]}
        answers.append(statuses(own("documents_upsert", http_event("POST", f"{GUIDES}/documents", body))))
        own.close()

    lock = "SELECT pg_advisory_xact_lock(hashtext('concord.keyword_index'), id) FROM concord.collection"
    write_at_once(database_url, write, ("x", "y"), held_by=[lock])
    assert sorted(answers) == [["created", "created"], ["created", "failed"]]
    assert shown(functions) == (4, 4)


def test_of_an_import_each_line_that_is_too_much_fails(
    functions: Functions, guides: Upsert, tmp_path: Path
) -> None:
    guides(document("a"))
    reshape(functions, max_documents=2)
    imports = Imports(functions, tmp_path / "objects")
    content = lines(document("b"), document("c"), "nonsense", document("a", title="A"), document("d"))
    done = imports.run(format="ndjson", content=content)
    assert (done["state"], counts(done)) == ("done", (1, 1, 0, 3))
    told = {error["line"]: (error["document_id"], error["code"]) for error in done["errors"]}
    assert told[2] == ("c", "quota_exceeded")
    assert told[5] == ("d", "quota_exceeded")
    assert sorted(told) == [2, 3, 5]
    # A file that becomes no document is not kept as the original of one.
    page = imports.run(format="file", name="page.md", content="# Page")
    assert (page["state"], counts(page)) == ("done", (0, 0, 0, 1))
    assert [(error["line"], error["code"]) for error in page["errors"]] == [(1, "quota_exceeded")]
    assert shown(functions) == (2, 2)


def test_a_source_keeps_what_it_has_and_adds_no_more(sources: SourceRuns, site: WebSite) -> None:
    site.article("/a", "A", "The text of a.")
    sources.create(id="site", kind="sitemap", url=sitemap(site, "/a"))
    sources.finish()
    assert reshape(sources.functions, max_documents=1)["statusCode"] == 200
    site.article("/b", "B", "The text of b.")
    site.article("/a", "A", "Another text of a.")
    sitemap(site, "/a", "/b")
    sources.refresh("site")
    assert {key: sources.last_run("site")[key] for key in ("changed", "failed")} == {
        "changed": 1,
        "failed": 1,
    }
    (failing,) = sources.get("site")["failing_items"]
    assert (failing["url"], failing["error"]) == (f"{site.url}/b", REFUSAL["message"])
    assert shown(sources.functions) == (1, 1)


def test_sql_is_refused_too(functions: Functions, guides: Upsert, database_url: str) -> None:
    guides(document("a"))
    reshape(functions, max_documents=1)
    with psycopg.connect(database_url, autocommit=True, options=EVERYTHING) as connection:

        def upsert(name: str) -> str:
            row = connection.execute(UPSERT, ["guides", name, None, "Lamps.", None, "{}"]).fetchone()
            assert row is not None
            return str(row[0])

        assert upsert("a") == "updated"
        with pytest.raises(
            errors.ProgramLimitExceeded, match="guides has as many documents as it may, which is 1"
        ):
            upsert("b")
    assert shown(functions) == (1, 1)
