"""A folder of files that are broken, locked or made to break things, and some that are none of that."""

from pathlib import Path

import pytest

from tests.builders.command_line import concord
from tests.builders.files import (
    LAUGHS,
    NESTED_PDF,
    replace_parts,
    write_docx,
    write_encrypted_pdf,
    write_pdf,
    write_xlsx,
    write_zip,
)

# What each of them is told to do; the others are ingested.
TOLD = {
    "bomb.docx": "Unpacked, the file has more than 500,000,000 bytes; divide it into several.",
    "columns.csv": "A table has more than 16,384 columns; divide it into several.",
    "empty.txt": "The file is empty; send one with text in it.",
    "gigantic.txt": "a file may have 100,000,000 bytes; divide it into several",
    "half.docx": "The file breaks off before its end or is damaged; send the whole file again.",
    "half.pdf": "The PDF breaks off before its end; send the whole file again.",
    "half.xlsx": "The file breaks off before its end or is damaged; send the whole file again.",
    "laughs.docx": "The document is damaged; save it anew in the application that made it, and send it",
    "lines.ndjson:2": "The line is not UTF-8; save the file in that encoding.",
    "lines.ndjson:3": "The line is JSON that is nested too deeply; send it flatter.",
    "mark.md": "The file is empty; send one with text in it.",
    "nested.json": "The JSON is nested more than 200 levels deep; send it flatter.",
    "nested.pdf": "The PDF is damaged; save it anew in the application that made it, and send it again.",
    "picture.txt": "The file is a picture; send a PDF with recognised text (OCR).",
    "program.md": "The file is not text, nor of a format that is known; send PDF, DOCX, XLSX, HTML or text.",
    "rows.csv:3": "The row has 16385 fields; the header has 2.",
    "secret.pdf": "The PDF asks for a password; save it without one and send it again.",
}
GOOD = {"good.md", "good.pdf", "marked.txt", "mislabelled.txt", "mixed.txt"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _write_texts(tmp_path)
    for write, name in ((write_pdf, "half.pdf"), (write_docx, "half.docx"), (write_xlsx, "half.xlsx")):
        whole = write(tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    write_encrypted_pdf(tmp_path / "secret.pdf", "secret")
    write_pdf(tmp_path / "good.pdf")
    write_docx(tmp_path / "mislabelled.txt")
    (tmp_path / "nested.pdf").write_bytes(NESTED_PDF)
    part = LAUGHS + b"<w:document xmlns:w='x'>&a11;</w:document>"
    replace_parts(write_docx(tmp_path / "laughs.docx"), {"word/document.xml": part})
    pictures = {f"word/media/{number}": bytes(10_000_000) for number in range(51)}
    write_zip(tmp_path / "bomb.docx", {"word/document.xml": b"<x/>", **pictures})
    with (tmp_path / "gigantic.txt").open("wb") as file:
        file.truncate(100_000_001)
    return tmp_path


def _write_texts(folder: Path) -> None:
    contents = {
        "good.md": b"# Nile\n\nIt flows north.",
        "marked.txt": "Die Donau fließt.".encode("utf-16"),
        "mixed.txt": "Der Rhein fließt schön.\r\n".encode() + "Täler\n".encode("cp1252"),
        "empty.txt": b"",
        "mark.md": b"\xef\xbb\xbf",
        "picture.txt": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "program.md": bytes(range(32)) * 100,
        "columns.csv": b"a," * 1_000_000 + b"a\n1\n",
        "rows.csv": b"id,body\none,x\n" + b"two," * 16_384 + b"y\nthree,z\n",
        "lines.ndjson": b'\xef\xbb\xbf{"id":"four"}\n{"id":"\xff"}\n' + b"[" * 100_000 + b'\n{"id":"five"}\n',
        "nested.json": b"[" * 100_000,
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)


@pytest.mark.usefixtures("laptop")
def test_each_bad_file_is_told_what_to_do_and_the_rest_is_ingested(folder: Path) -> None:
    stored = concord("ingest", str(folder), "-c", "hostile", "--json")
    errors = {Path(error["source"]).name: error["message"] for error in stored.json["errors"]}
    assert {name: told for name, told in TOLD.items() if told not in errors.get(name, "")} == {}
    assert errors.keys() == TOLD.keys()
    assert (stored.code, stored.json["created"]) == (1, len(GOOD) + len(("one", "three", "four", "five")))
    found = concord("search", "*", "-c", "hostile", "--limit", "50", "--json").json["hits"]
    urls = {Path(hit["document"]["url"]).name for hit in found if hit["document"]["url"]}
    assert urls == GOOD
