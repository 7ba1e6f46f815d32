"""Imports from their request to their documents, by the functions themselves."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.local.lambda_calls import storage_event
from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.builders.role_server import execute

COLLECTION = "/v1/collections/guides"
IMPORTS = f"{COLLECTION}/imports"
COUNTS = ("created", "updated", "unchanged", "failed")

type Json = dict[str, Any]


class Imports:
    """The import functions on the collection `guides`."""

    def __init__(self, functions: Functions, objects: Path) -> None:
        self._functions = functions
        self._objects = objects

    def create(self, status: int = 201, **asked: Any) -> Json:
        answer = self._functions("imports_create", http_event("POST", IMPORTS, asked))
        assert answer["statusCode"] == status, answer
        body: Json = answer["body"]
        return body

    def process(self, import_id: str, *, seconds: float = 60.0) -> Json:
        """Tell the worker of the import's object, and return what became of it."""
        (path,) = self._objects.glob(f"content/imports/*/{import_id}/data")
        key = path.relative_to(self._objects / "content").as_posix()
        self._functions.process("imports_process", storage_event(key, path.stat().st_size), seconds=seconds)
        return self.get(import_id)

    def run(self, **asked: Any) -> Json:
        return self.process(self.create(**asked)["import"]["id"])

    def get(self, import_id: str, query: str = "") -> Json:
        answer = self._functions("imports_get", http_event("GET", f"{IMPORTS}/{import_id}", query=query))
        assert answer["statusCode"] == 200, answer
        body: Json = answer["body"]
        return body

    def call(self, name: str, import_id: str, body: object = None) -> Json:
        verb = name.partition("_")[2]
        return self._functions(name, http_event("POST", f"{IMPORTS}/{import_id}/{verb}", body))

    def documents(self) -> dict[str, Json]:
        answer = self._functions("documents_list", http_event("GET", f"{COLLECTION}/documents"))
        return {document["id"]: document for document in answer["body"]["documents"]}


@pytest.fixture
def imports(functions: Functions, guides: object, tmp_path: Path) -> Imports:
    assert guides
    return Imports(functions, tmp_path / "objects")


def lines(*items: object) -> str:
    return "".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in items)


def counts(found: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(found[name] for name in COUNTS)


def test_lines_become_documents(imports: Imports) -> None:
    content = lines(
        {"id": "one", "title": "One", "body": "A first text.", "metadata": {"year": 2026}},
        "",
        {"_id": "two", "text": "In BEIR's words."},
    )
    created = imports.create(format="ndjson", name="two.ndjson", content=content)
    assert created["upload"] is None
    assert created["import"]["state"] == "waiting"
    assert created["import"]["bytes_total"] == len(content)
    done = imports.process(created["import"]["id"])
    assert (done["state"], counts(done)) == ("done", (2, 0, 0, 0))
    assert (done["bytes_read"], done["lines"], done["errors"]) == (len(content), 3, [])
    documents = imports.documents()
    assert documents["one"]["metadata"] == {"year": 2026}
    assert documents["two"]["body"] == "In BEIR's words."


def test_the_same_twice_changes_nothing(imports: Imports) -> None:
    content = lines({"id": "one", "body": "A text."}, {"id": "two", "body": "Another."})
    imports.run(format="ndjson", content=content)
    assert counts(imports.run(format="ndjson", content=content)) == (0, 0, 2, 0)
    changed = content.replace("Another", "A changed")
    assert counts(imports.run(format="ndjson", content=changed)) == (0, 1, 1, 0)


def test_an_id_that_comes_again_is_the_later_one(imports: Imports) -> None:
    content = lines({"id": "one", "body": "Before."}, {"id": "one", "body": "After."})
    assert counts(imports.run(format="ndjson", content=content)) == (1, 1, 0, 0)
    assert imports.documents()["one"]["body"] == "After."


def test_a_dry_run_tells_and_stores_nothing(imports: Imports) -> None:
    imports.run(
        format="ndjson", content=lines({"id": "old", "body": "Old."}, {"id": "same", "body": "Same."})
    )
    content = lines(
        {"id": "old", "body": "New."}, {"id": "same", "body": "Same."}, {"id": "new", "body": "New."}, "no"
    )
    done = imports.run(format="ndjson", content=content, dry_run=True)
    assert (done["state"], counts(done)) == ("done", (1, 1, 1, 1))
    assert imports.documents().keys() == {"old", "same"}
    assert imports.documents()["old"]["body"] == "Old."


def test_what_is_wrong_is_told_by_line(imports: Imports) -> None:
    content = lines(
        {"id": "good", "body": "Good."},
        "{not json",
        '["a list"]',
        {"id": "a/b", "body": "A slash."},
        {"body": "No id."},
        {"id": "more", "body": "x", "colour": "red"},
        {"id": "last", "body": "Last."},
    )
    done = imports.run(format="ndjson", content=content)
    assert (done["state"], counts(done)) == ("done", (2, 0, 0, 5))
    told = [(error["line"], error["document_id"], error["code"]) for error in done["errors"]]
    assert told == [
        (2, None, "not_json"),
        (3, None, "not_an_object"),
        (4, "a/b", "invalid_document"),
        (5, None, "invalid_document"),
        (6, "more", "invalid_document"),
    ]
    assert done["errors"][4]["message"].startswith("colour: ")
    page = imports.get(done["id"], "errors_after=3&limit=2")
    assert ([error["line"] for error in page["errors"]], page["more_errors"]) == ([4, 5], True)
    assert imports.documents().keys() == {"good", "last"}


def test_rows_become_documents(imports: Imports) -> None:
    content = (
        "\ufeffid,title,body,url,year,metadata.tag\r\n"
        'one,"One, two","First line\nsecond ""line""",https://example.com/1,2026,a\r\n'
        "\r\n"
        "two,,,,007,\r\n"
        "short,row\r\n"
        'three,Three,5" wide,,,\r\n'
    )
    done = imports.run(format="csv", content=content)
    assert (done["state"], counts(done)) == ("done", (3, 0, 0, 1))
    assert [(error["line"], error["code"]) for error in done["errors"]] == [(6, "malformed_row")]
    documents = imports.documents()
    assert documents["one"]["title"] == "One, two"
    assert documents["one"]["body"] == 'First line\nsecond "line"'
    assert documents["one"]["metadata"] == {"year": "2026", "tag": "a"}
    assert (documents["two"]["title"], documents["two"]["metadata"]) == (None, {"year": "007"})
    assert documents["three"]["body"] == '5" wide'


def test_values_are_read_as_meant_where_that_is_wanted(imports: Imports) -> None:
    content = "sku,title,year,zip,flag\n7,Seven,2026,01234,true\n"
    done = imports.run(format="csv", content=content, id_field="sku", policy="coerce")
    assert counts(done) == (1, 0, 0, 0)
    assert imports.documents()["7"]["metadata"] == {"year": 2026, "zip": "01234", "flag": True}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,title,title\n1,a,b\n", "has title more than once"),
        ("name,title\n1,a\n", "has no column id"),
        ('id,"ti"tle\n', "The row is not CSV"),
        (",".join(map(str, range(500_000))) + "\n1\n", "16,384 columns; divide"),
    ],
)
def test_a_header_that_says_nothing(imports: Imports, content: str, message: str) -> None:
    done = imports.run(format="csv", content=content)
    assert (done["state"], done["error_code"]) == ("failed", "invalid_request")
    assert message in done["error"]


DIRTY = lines(
    {"id": 7, "title": 2026, "body": None, "metadata": None},
    {"id": "First steps", "body": "A\x00B\u0007", "year": 2020, "metadata": {"deep": "\x00x"}},
    {"id": "bad", "body": ["no", "text"]},
)


def test_dirty_items_are_refused_unless_a_policy_mends_them(imports: Imports) -> None:
    assert counts(imports.run(format="ndjson", content=DIRTY)) == (0, 0, 0, 3)
    assert counts(imports.run(format="ndjson", content=DIRTY, policy="drop")) == (0, 0, 0, 3)
    assert counts(imports.run(format="ndjson", content=DIRTY, policy="coerce")) == (2, 0, 0, 1)
    documents = imports.documents()
    assert (documents["7"]["title"], documents["7"]["body"]) == ("2026", "")
    mended = next(found for name, found in documents.items() if name.startswith("First-steps~"))
    assert (mended["body"], mended["metadata"]) == ("AB", {"year": 2020, "deep": "x"})


def test_bad_fields_are_dropped_and_the_document_kept(imports: Imports) -> None:
    deep: object = "x"
    for _ in range(25):
        deep = [deep]
    content = lines(
        {"id": "one", "body": "x", "colour": "red", "metadata": {"good": 1, "deep": deep, "nul": "\x00"}}
    )
    assert counts(imports.run(format="ndjson", content=content, policy="drop")) == (1, 0, 0, 0)
    assert imports.documents()["one"]["metadata"] == {"good": 1}


def test_what_failed_is_read_again(imports: Imports) -> None:
    content = lines({"id": "one", "body": "x"}, {"id": 2, "body": "y"}, "no", {"id": 3, "body": "z"})
    done = imports.run(format="ndjson", content=content)
    assert counts(done) == (1, 0, 0, 3)
    answer = imports.call("imports_retry", done["id"], {"policy": "coerce"})
    assert (answer["statusCode"], answer["body"]["state"]) == (200, "waiting")
    again = imports.process(done["id"])
    assert (again["state"], counts(again)) == ("done", (3, 0, 0, 1))
    assert [error["line"] for error in again["errors"]] == [3]
    assert imports.call("imports_retry", done["id"])["statusCode"] == 200
    assert counts(imports.process(done["id"])) == (3, 0, 0, 1)


def test_an_import_is_cancelled(imports: Imports) -> None:
    waiting = imports.create(format="ndjson", content=lines({"id": "one", "body": "x"}))["import"]
    cancelled = imports.call("imports_cancel", waiting["id"])
    assert (cancelled["statusCode"], cancelled["body"]["state"]) == (200, "cancelled")
    assert imports.process(waiting["id"])["state"] == "cancelled"
    assert imports.documents() == {}
    again = imports.call("imports_cancel", waiting["id"])
    assert (again["statusCode"], again["body"]["error"]["code"]) == (409, "conflict")
    assert imports.call("imports_retry", waiting["id"])["body"]["state"] == "waiting"
    assert imports.call("imports_retry", waiting["id"])["body"]["error"]["code"] == "conflict"
    assert counts(imports.process(waiting["id"])) == (1, 0, 0, 0)


def test_imports_are_listed_the_newest_first(imports: Imports, functions: Functions) -> None:
    made = [imports.create(format="csv", name=f"{number}.csv")["import"]["id"] for number in range(3)]
    first = functions("imports_list", http_event("GET", IMPORTS, query="limit=2"))["body"]
    assert [found["id"] for found in first["imports"]] == [made[2], made[1]]
    rest = functions("imports_list", http_event("GET", IMPORTS, query=f"limit=2&cursor={first['cursor']}"))
    assert [found["id"] for found in rest["body"]["imports"]] == [made[0]]
    assert rest["body"]["cursor"] is None


def test_an_upload_has_an_address(imports: Imports) -> None:
    created = imports.create(format="csv", name="a.csv", size=12)
    upload = created["upload"]
    assert upload["url"].startswith("https://api.example.com/uploads/imports/")
    assert (upload["method"], upload["headers"]) == ("PUT", {"content-type": "text/csv"})
    assert created["import"]["bytes_total"] == 12


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"format": "pdf"}, "format"),
        ({"format": "file"}, "body"),
        ({"format": "csv", "size": 3, "content": "x"}, "body"),
        ({"format": "file", "name": "a.pdf", "size": 200_000_000}, "body"),
        ({"format": "csv", "size": -1}, "size"),
        ({"format": "csv", "name": ""}, "name"),
        ({"format": "csv", "policy": "guess"}, "policy"),
        ({"format": "csv", "content": "a\x00b"}, "content"),
        ({"format": "csv", "colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_imported_is_refused(imports: Imports, asked: Json, field: str) -> None:
    refused = imports.create(422, **asked)
    assert refused["error"]["details"][0]["field"] == field


@pytest.mark.parametrize("name", ["imports_get", "imports_cancel", "imports_retry"])
@pytest.mark.parametrize(("import_id", "status"), [("0" * 24, 404), ("x", 422)])
def test_imports_that_are_not_there(
    imports: Imports, functions: Functions, name: str, import_id: str, status: int
) -> None:
    if name == "imports_get":
        answer = functions(name, http_event("GET", f"{IMPORTS}/{import_id}"))
    else:
        answer = imports.call(name, import_id)
    assert answer["statusCode"] == status
    assert answer["body"]["error"]["code"] == ("not_found" if status == 404 else "invalid_request")


def test_a_file_becomes_a_document_and_is_kept(imports: Imports, functions: Functions) -> None:
    content = "# First steps\n\nOpen the box."
    done = imports.run(format="file", name="guides/first steps.md", content=content)
    assert (done["state"], counts(done)) == ("done", (1, 0, 0, 0))
    (document,) = imports.documents().values()
    assert (document["title"], document["url"]) == ("First steps", "guides/first steps.md")
    assert document["id"].startswith("guides-first-steps.md~")
    path = f"{COLLECTION}/documents/{document['id']}/original"
    answer = functions("documents_original", http_event("GET", path), raw=True)
    assert answer["statusCode"] == 307
    assert answer["headers"]["location"].startswith("/uploads/originals/")
    assert "filename=first+steps.md" in answer["headers"]["location"]
    assert counts(imports.run(format="file", name="guides/first steps.md", content=content)) == (0, 0, 1, 0)


class Originals:
    """What is kept of files, and what removes it."""

    def __init__(self, functions: Functions, objects: Path) -> None:
        self._functions = functions
        self._objects = objects

    def texts(self) -> list[str]:
        return sorted(path.read_text() for path in self._objects.glob("content/originals/*/*"))

    def remove_discarded(self) -> None:
        """Whether documents go at once or by and by."""
        self._functions.process("indexes_maintain", {"schedule": "maintain-indexes"})
        self._functions.process("imports_process", {"schedule": "process-imports"})


@pytest.fixture
def originals(functions: Functions, tmp_path: Path) -> Originals:
    return Originals(functions, tmp_path / "objects")


def test_a_file_goes_with_its_document(imports: Imports, functions: Functions, originals: Originals) -> None:
    for name, content in (("a.md", "Same."), ("b.md", "Same."), ("c.md", "Other.")):
        imports.run(format="file", name=name, content=content)
    assert originals.texts() == ["Other.", "Same.", "Same."]
    functions("documents_delete", http_event("DELETE", f"{COLLECTION}/documents/a.md"))
    originals.remove_discarded()
    assert originals.texts() == ["Other.", "Same."]
    path = f"{COLLECTION}/documents/b.md/original"
    assert functions("documents_original", http_event("GET", path), raw=True)["statusCode"] == 307
    # Another file takes the place of the one before, also one that is the same.
    imports.run(format="file", name="c.md", content="Changed.")
    imports.run(format="file", name="b.md", content="Same.")
    originals.remove_discarded()
    assert originals.texts() == ["Changed.", "Same."]
    functions("collections_delete", http_event("DELETE", COLLECTION))
    originals.remove_discarded()
    assert originals.texts() == []


def test_a_file_of_an_earlier_release_goes_with_the_last_of_its_documents(
    imports: Imports, functions: Functions, originals: Originals, database_url: str
) -> None:
    for name in ("a.md", "b.md"):
        imports.run(format="file", name=name, content="Same.")
    first = "SELECT min(object_key) FROM concord.document_original"
    execute(database_url, f"UPDATE concord.document_original SET object_key = ({first})")
    for document in ("a.md", "b.md"):
        originals.remove_discarded()
        assert originals.texts() == ["Same."]
        functions("documents_delete", http_event("DELETE", f"{COLLECTION}/documents/{document}"))
    originals.remove_discarded()
    assert originals.texts() == []
    assert execute(database_url, "SELECT * FROM concord.discarded_original") == []


def test_documents_without_a_file(functions: Functions, guides: Callable[..., Json]) -> None:
    guides({"id": "one", "body": "x"})
    for name, code in (("one", "original_not_found"), ("two", "document_not_found")):
        answer = functions("documents_original", http_event("GET", f"{COLLECTION}/documents/{name}/original"))
        assert (answer["statusCode"], answer["body"]["error"]["code"]) == (404, code)


def test_a_dry_run_of_a_file_keeps_nothing(imports: Imports, tmp_path: Path) -> None:
    assert counts(imports.run(format="file", name="a.md", content="Text.", dry_run=True)) == (1, 0, 0, 0)
    assert imports.documents() == {}
    assert list(tmp_path.glob("objects/content/originals/**/*")) == []


def test_an_unreadable_file_is_an_error_of_its_import(imports: Imports) -> None:
    done = imports.run(format="file", name="a.json", content='{"half": ')
    assert (done["state"], counts(done)) == ("done", (0, 0, 0, 1))
    (error,) = done["errors"]
    assert (error["line"], error["document_id"], error["code"]) == (1, "a.json", "unreadable_file")


def test_events_that_concern_no_import(functions: Functions, imports: Imports) -> None:
    for key in ("fetched/1", "imports/1/x", "imports/0/a/data", "imports/a/b/data", "imports/1/b/other"):
        assert functions.process("imports_process", storage_event(key, 1)) == {"imports": 0}
    assert functions.process("imports_process", storage_event("imports/1/abc/data", 1)) == {"imports": 1}
    with pytest.raises(Exception, match="no object that was stored"):
        functions.process("imports_process", {"source": "aws.s3"})
    assert imports.documents() == {}


def test_a_sweep_finds_nothing_to_do(functions: Functions) -> None:
    assert functions.process("imports_process", {"schedule": "process-imports"}) == {"imports": 0}
