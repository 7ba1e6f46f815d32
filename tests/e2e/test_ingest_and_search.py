"""`concord ingest` and `concord search` on this laptop."""

import json
from pathlib import Path

import psycopg
import pytest

from shared.local.postgres import embedded_postgres
from tests.builders.command_line import concord

TEXTS = {
    "animals/dog.md": "# Dogs\n\nDogs bark at the moon.",
    "animals/cat.txt": "Cats sleep on the warm windowsill.",
    "tools/old saw.rst": "A saw cuts wood into boards.",
}


@pytest.fixture
def texts(laptop: Path, tmp_path: Path) -> Path:
    assert laptop == Path.cwd()
    for name, text in TEXTS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_folder_is_found_by_meaning_and_by_words(texts: Path) -> None:
    stored = concord("ingest", str(texts), "--collection", "folder", "--wait", "--json")
    assert (stored.code, stored.json) == (
        0,
        {
            "collection": "folder",
            "created": 3,
            "updated": 0,
            "unchanged": 0,
            "failed": 0,
            "errors": [],
            "pending": 0,
            "failed_embeddings": 0,
        },
    )
    meant = concord("search", "canine noise at night", "-c", "folder", "--mode", "semantic", "--json").json
    assert meant["hits"][0]["document"]["title"] == "Dogs"
    worded = concord(
        "search", "windowsill", "-c", "folder", "--mode", "keyword", "--limit", "1", "--json"
    ).json
    assert [hit["document"]["title"] for hit in worded["hits"]] == ["cat"]
    again = concord("ingest", str(texts), "--collection", "folder", "--wait")
    assert (again.code, again.out) == (0, "folder: 0 created, 0 updated, 3 unchanged, 0 failed\n")
    table = concord("search", "dogs barking", "-c", "folder")
    assert table.code == 0
    assert "bark at the moon" in table.out


def test_without_waiting_documents_are_found_by_words(texts: Path) -> None:
    stored = concord("ingest", str(texts / "animals"), "-c", "unhurried")
    assert stored.code == 0
    assert "Found by words only until they are embedded: 2. `concord up` embeds them" in stored.said
    found = concord("search", "barks", "-c", "unhurried", "--mode", "keyword", "--json").json
    assert found["found"] == 1
    waited = concord("ingest", str(texts / "animals"), "-c", "unhurried", "--wait", "--json").json
    assert (waited["unchanged"], waited["pending"]) == (2, 0)


@pytest.mark.usefixtures("laptop")
def test_lines_of_json_come_from_standard_input() -> None:
    lines = [
        {"id": "a", "body": "x", "metadata": {"year": 2020}},
        {"id": "b", "body": "x", "metadata": {"year": 2024}},
    ]
    text = "\n".join(map(json.dumps, lines)).encode()
    assert concord("ingest", "-", "-c", "lines", stdin=text).code == 0
    search = ("search", "x", "-c", "lines", "--mode", "keyword", "--filter", "year > 2022", "--json")
    assert [hit["document"]["id"] for hit in concord(*search).json["hits"]] == ["b"]


@pytest.mark.usefixtures("laptop")
def test_bad_items_are_listed_and_good_ones_kept() -> None:
    text = b'{"id": "good"}\nnot json\n{"id": "b b"}\n\xff\n'
    stored = concord("ingest", "-", "-c", "mixed", "--json", stdin=text)
    assert stored.code == 1
    assert (stored.json["created"], stored.json["failed"]) == (1, 3)
    assert [error["source"] for error in stored.json["errors"]] == ["stdin:2", "stdin:4", "stdin:3"]
    for line in ("stdin:2: not JSON", "stdin:3: id: ", "stdin:4: not UTF-8"):
        assert line in stored.said


@pytest.mark.usefixtures("laptop")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-c", "nowhere"), "error: There is no collection of that name. (collection: no nowhere)"),
        (("-c", "lines", "--filter", "year >"), "error: The filter cannot be parsed"),
    ],
)
def test_a_search_that_cannot_be_made_is_told_in_a_line(arguments: tuple[str, ...], told: str) -> None:
    concord("ingest", "-", "-c", "lines", stdin=b'{"id": "a", "metadata": {"year": 2020}}')
    failed = concord("search", "x", *arguments)
    assert (failed.code, failed.out) == (1, "")
    assert failed.said.startswith(told)
    assert len(failed.said.splitlines()) == 1


@pytest.mark.usefixtures("laptop")
def test_a_key_of_the_laptop_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_KEY_HASH", "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b")
    refused = concord("search", "x", "-c", "lines")
    assert (refused.code, "A valid key is needed" in refused.said) == (1, True)
    monkeypatch.setenv("CONCORD_API_KEY", "secret")
    assert concord("ingest", "-", "-c", "lines", stdin=b"").code == 0


@pytest.mark.parametrize(
    "arguments", [("search",), ("search", "x"), ("search", "x", "-c", "y", "--mode", "z"), ("x",)]
)
def test_a_wrong_use_has_exit_code_two(arguments: tuple[str, ...]) -> None:
    wrong = concord(*arguments)
    assert (wrong.code, wrong.out) == (2, "")
    assert "Usage: " in wrong.said


def test_documents_that_could_not_be_embedded_are_told(laptop: Path) -> None:
    concord("ingest", "-", "-c", "refused", stdin=b'{"id": "a", "body": "x"}')
    with embedded_postgres(laptop / ".concord") as server, psycopg.connect(server.url) as connection:
        connection.execute("UPDATE concord.embedding_job SET state = 'failed', error = 'refused'")
    try:
        waited = concord("ingest", "-", "-c", "refused", "--wait", stdin=b"")
        examined = concord("doctor")
    finally:
        with embedded_postgres(laptop / ".concord") as server, psycopg.connect(server.url) as connection:
            connection.execute("DELETE FROM concord.embedding_job")
    assert (waited.code, "Not embedded: 1; each one's embedding_error says why." in waited.said) == (1, True)
    assert (examined.code, "wrong work  0 documents to embed" in examined.out) == (1, True)
