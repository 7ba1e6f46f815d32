import io
from pathlib import Path

import pytest

from shared.cli.document_sources import (
    Item,
    Selection,
    SourcedDocument,
    UnreadableItem,
    read_lines,
    read_paths,
)
from shared.cli.file_imports import FileToImport
from shared.domain.document_ids import document_id


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(*paths: str, stdin: bytes = b"") -> list[Item]:
    return list(read_paths(paths, io.BytesIO(stdin)))


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def documents(items: list[Item]) -> list[dict[str, object]]:
    return [item.document for item in items if isinstance(item, SourcedDocument)]


def test_a_markdown_file_is_titled_by_its_heading() -> None:
    write("guide.md", "\n# First steps #\n\nGo.")
    assert read("guide.md") == [
        SourcedDocument(
            "guide.md",
            {"id": "guide.md", "title": "First steps", "body": "\n# First steps #\n\nGo.", "url": "guide.md"},
        )
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [("notes.md", "Text first.\n# Later"), ("notes.txt", "# No heading here"), ("notes.md", "# ")],
)
def test_other_texts_are_titled_by_their_names(name: str, text: str) -> None:
    write(name, text)
    assert [document["title"] for document in documents(read(name))] == ["notes"]


def test_a_byte_order_mark_is_no_part_of_a_text() -> None:
    Path("a.txt").write_bytes(b"\xef\xbb\xbfText")
    assert [document["body"] for document in documents(read("a.txt"))] == ["Text"]


def test_folders_are_read_without_hidden_and_foreign_files() -> None:
    for name in [
        "docs/b.md",
        "docs/deep/a.rst",
        "docs/c.MARKDOWN",
        "docs/.git/x.md",
        "docs/.x.md",
        "docs/x.py",
    ]:
        write(name, "text")
    assert [document["url"] for document in documents(read("docs"))] == [
        "docs/b.md",
        "docs/c.MARKDOWN",
        "docs/deep/a.rst",
    ]


def test_a_file_has_one_id_however_it_is_reached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write("docs/a.md", "text")
    ids = {document["id"] for document in documents(read("docs", "docs/a.md", str(tmp_path / "docs")))}
    assert ids == {document_id("docs/a.md")}
    write("elsewhere/x.txt", "")
    monkeypatch.chdir("elsewhere")
    assert [document["url"] for document in documents(read("../docs"))] == ["docs/a.md"]
    assert [document["url"] for document in documents(read("../docs/a.md"))] == ["a.md"]


def test_lines_are_documents_by_either_name() -> None:
    lines = (
        '{"id": "a", "body": "x", "url": "u"}\n\n{"_id": "b", "title": "t", "text": "y", "metadata": {}}\n'
    )
    assert read("-", stdin=lines.encode()) == [
        SourcedDocument("stdin:1", {"id": "a", "body": "x", "url": "u"}),
        SourcedDocument("stdin:3", {"id": "b", "title": "t", "body": "y", "metadata": {}}),
    ]


def test_what_the_api_reads_itself_is_named_for_it() -> None:
    Path("latin.txt").write_bytes(b"caf\xe9")
    write("large.md", "x" * 4_000_001)
    write("docs/a.pdf", "%PDF-")
    write("docs/corpus.jsonl", "")
    write("docs/rows.csv", "title, id \n")
    write("docs/table.csv", "name,colour\n")
    write("docs/empty.csv", "")
    found = read("docs", "large.md", "latin.txt")
    assert [(item.source, item.format) for item in found if isinstance(item, FileToImport)] == [
        ("docs/a.pdf", "file"),
        ("docs/corpus.jsonl", "ndjson"),
        ("docs/empty.csv", "file"),
        ("docs/rows.csv", "csv"),
        ("docs/table.csv", "file"),
        ("large.md", "file"),
        ("latin.txt", "file"),
    ]
    by_name = list(read_paths(["docs/table.csv"], io.BytesIO(), Selection(id_field="name")))
    assert by_name == [FileToImport("docs/table.csv", Path("docs/table.csv"), "docs/table.csv", "csv")]


def test_patterns_choose_of_folders() -> None:
    for name in ("docs/a.md", "docs/b.txt", "docs/old/c.md"):
        write(name, "text")
    for selection, expected in [
        (Selection(include=("*.md",)), ["docs/a.md", "docs/old/c.md"]),
        (Selection(exclude=("old/*", "b.*")), ["docs/a.md"]),
        (Selection(include=("old/*", "*.txt"), exclude=("*.md",)), ["docs/b.txt"]),
    ]:
        assert [item.source for item in read_paths(["docs"], io.BytesIO(), selection)] == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "not JSON: Expecting property name"),
        (b"[1]", "not a JSON object"),
        (b"3", "not a JSON object"),
    ],
)
def test_a_bad_line_is_told_by_its_number(line: bytes, message: str) -> None:
    items = list(read_lines([b'{"id": "a"}', line, b'{"id": "b"}'], "x"))
    bad = items[1]
    assert isinstance(bad, UnreadableItem)
    assert (bad.source, bad.message.startswith(message)) == ("x:2", True)
    assert [document["id"] for document in documents(items)] == ["a", "b"]


def test_what_cannot_be_read_is_told() -> None:
    write("image.png", "")
    missing = [f"missing{suffix}" for suffix in (".md", ".jsonl", ".csv", ".pdf")]
    *absent, image = read(*missing, "image.png")
    assert absent == [UnreadableItem(name, "No such file or directory") for name in missing]
    assert isinstance(image, UnreadableItem)
    assert image.message.startswith("of no format that is read; those are .csv, .docx, ")


def test_links_are_read_under_their_own_names() -> None:
    write("docs/a.md", "text")
    Path("linked").symlink_to("docs")
    assert [document["url"] for document in documents(read("linked"))] == ["linked/a.md"]
