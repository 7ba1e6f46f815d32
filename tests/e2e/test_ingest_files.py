"""`concord ingest` of files of all kinds, on this laptop and against one that answers over HTTP."""

import json
from pathlib import Path

import httpx
import pytest

from tests.builders.command_line import concord, serving
from tests.builders.files import write_docx, write_encrypted_pdf, write_pdf, write_xlsx

LINES = [
    {"id": "a", "body": "A first line."},
    {"id": 7, "body": "An id that is a number."},
    {"id": "b", "body": "A last line."},
]


@pytest.fixture
def mixed(laptop: Path, tmp_path: Path) -> Path:
    """A folder of files, some of which are no documents."""
    assert laptop == Path.cwd()
    (tmp_path / "guide.md").write_text("# Guide\n\nHow to begin.")
    (tmp_path / "data.json").write_text('{"title": "Data", "text": "Values of all kinds."}')
    (tmp_path / "half.json").write_text('{"title": ')
    (tmp_path / "lines.ndjson").write_text("\n".join(map(json.dumps, LINES)) + "\nno line\n")
    (tmp_path / "rows.csv").write_text("id,title,year\nrow,A row,2026\nshort\n")
    return tmp_path


def test_a_folder_of_mixed_files_is_read_but_for_the_bad_ones(mixed: Path) -> None:
    stored = concord("ingest", str(mixed), "-c", "mixed-files", "--json")
    assert stored.code == 1
    counts = {name: stored.json[name] for name in ("created", "updated", "unchanged", "failed")}
    assert counts == {"created": 5, "updated": 0, "unchanged": 0, "failed": 4}
    errors = {Path(error["source"]).name: error["message"] for error in stored.json["errors"]}
    assert errors.keys() == {"half.json", "lines.ndjson:2", "lines.ndjson:4", "rows.csv:3"}
    assert errors["lines.ndjson:4"].startswith("The line is not JSON")
    assert f"{mixed / 'rows.csv'}:3: The row has 1 fields; the header has 3." in stored.said
    again = concord("ingest", str(mixed), "-c", "mixed-files", "--policy", "coerce", "--json")
    assert (again.json["created"], again.json["unchanged"], again.json["failed"]) == (1, 4, 3)
    found = concord("search", "values", "-c", "mixed-files", "--mode", "keyword", "--json").json
    assert [hit["document"]["url"] for hit in found["hits"]] == [f"{mixed.name}/data.json"]


def test_files_of_applications_are_cited_by_page(laptop: Path, tmp_path: Path) -> None:
    assert laptop == Path.cwd()
    write_pdf(tmp_path / "rivers.pdf")
    write_encrypted_pdf(tmp_path / "secret.pdf", "password")
    write_docx(tmp_path / "rivers.docx")
    write_xlsx(tmp_path / "rivers.xlsx")
    page = "<html><body><main><h1>Lakes</h1><p>Baikal is deep.</p></main></body></html>"
    (tmp_path / "page.html").write_text(page)
    stored = concord("ingest", str(tmp_path), "-c", "rivers", "--json")
    assert (stored.code, stored.json["created"], stored.json["failed"]) == (1, 4, 1)
    (error,) = stored.json["errors"]
    assert error["source"].endswith("secret.pdf")
    assert "password" in error["message"]
    search = ("search", "Danube flows", "-c", "rivers", "--mode", "keyword", "--json")
    hits = concord(*search).json["hits"]
    cited = [hit["passages"][0]["page"] for hit in hits if hit["document"]["url"].endswith("rivers.pdf")]
    assert cited == [2]


def test_a_dry_run_stores_nothing(mixed: Path) -> None:
    foreseen = concord("ingest", str(mixed), "-c", "dry", "--dry-run", "--exclude", "*.json", "--json")
    assert (foreseen.json["created"], foreseen.json["failed"]) == (4, 3)
    assert concord("ingest", "-", "-c", "dry", "--json", stdin=b"").json["pending"] == 0
    assert concord("search", "*", "-c", "dry", "--json").json["found"] == 0


@pytest.mark.usefixtures("laptop")
def test_lines_of_standard_input_are_mended_as_wanted() -> None:
    text = b'{"sku": 1, "body": "x"}\n[]\n{"body": "no id"}\n'
    stored = concord(
        "ingest", "-", "-c", "mended", "--policy", "coerce", "--id-field", "sku", "--json", stdin=text
    )
    assert (stored.json["created"], stored.json["failed"]) == (1, 2)
    assert [error["source"] for error in stored.json["errors"]] == ["stdin:2", "stdin:3"]


def test_files_are_uploaded_to_a_server_and_downloaded_again(mixed: Path, laptop: Path) -> None:
    with serving("up", folder=laptop) as (address, _):
        stored = concord(
            "ingest", str(mixed), "-c", "served", "--include", "*.json", "--json", "--url", address
        )
        assert (stored.code, stored.json["created"]) == (1, 1)
        documents = httpx.get(f"{address}/v1/collections/served/documents").json()["documents"]
        path = f"{address}/v1/collections/served/documents/{documents[0]['id']}/original"
        original = httpx.get(path, follow_redirects=True)
    assert original.content == (mixed / "data.json").read_bytes()
    assert original.headers["content-disposition"] == "attachment; filename*=UTF-8''data.json"
