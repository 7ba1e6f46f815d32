"""Files that are broken, locked, or made to break what reads them: each refusal says what to do."""

import struct
from pathlib import Path

import pytest

from shared.parsing.limits import ParseLimits
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
from tests.integration.parsing.conftest import Parse, Refuse

SMALL = ParseLimits(
    bytes=2_000_000, pages=2, decompressed_bytes=1_000_000, characters=10_000, seconds=20, memory=400_000_000
)
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("data", "name", "reason", "told"),
    [
        (b"", "a.pdf", "empty", "is empty"),
        (b" \n\t ", "a.txt", "empty", "is empty"),
        (b"\xef\xbb\xbf", "a.md", "empty", "is empty"),
        (b"{}", "a.json", "no_text", "has no text"),
        (b"<html><body><script>1</script></body></html>", "a.html", "no_text", "save it from a browser"),
        (b"<html><frameset></frameset></html>", "a.html", "no_text", "save it from a browser"),
        (b'{"a": [1, 2', "a.json", "truncated", "line 1, column 12"),
        (b"1" * 5_000, "a.json", "truncated", "mend it"),
        (b"[" * 300 + b"1" + b"]" * 300, "a.json", "hostile", "levels deep"),
        (b"[" * 300 + b"1" + b"]" * 300, "a.txt", "hostile", "levels deep"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a.pdf", "unknown_format", "OCR"),
        (b"\x1f\x8b\x08" + bytes(100), "a.csv", "unknown_format", "unpack"),
        (bytes(range(32)) * 100, "a.txt", "not_text", "send PDF, DOCX"),
        (b"%PDF-1.7\nnothing", "a.pdf", "truncated", "send the whole file"),
        (b"%PDF-1.7\nnothing\n%%EOF", "a.pdf", "damaged", "save it anew"),
        (b"PK\x03\x04" + bytes(100), "a.docx", "truncated", "send the whole file"),
        (COMPOUND, "a.doc", "unknown_format", "save it as DOCX"),
        (COMPOUND + "Workbook".encode("utf-16-le"), "a.xls", "damaged", "save it anew"),
        (COMPOUND + "EncryptedPackage".encode("utf-16-le"), "a.docx", "encrypted", "password"),
        (b"a,b\n" + b"x,y\n" * 5_000, "a.csv", "too_large", "10,000 characters"),
        (b"x" * 2_000_001, "a.txt", "too_large", "2,000,000 bytes"),
        (b"x" * 10_001, "a.txt", "too_large", "10,000 characters"),
        (b"x" * 1_900_000, "a.txt", "too_large", "10,000 characters"),
    ],
)
async def test_what_cannot_be_read(refuse: Refuse, data: bytes, name: str, reason: str, told: str) -> None:
    found, message = await refuse(data, name, SMALL)
    assert (found, told in message) == (reason, True), message


@pytest.mark.parametrize("made", [write_pdf, write_docx, write_xlsx])
async def test_half_a_file(tmp_path: Path, refuse: Refuse, made: object) -> None:
    assert callable(made)
    data = made(tmp_path / "a").read_bytes()
    reason, message = await refuse(data[: len(data) // 2], "a")
    assert reason == "truncated"
    assert "send the whole file" in message


@pytest.mark.parametrize("separated", [b",", b"x,"])
async def test_a_table_of_a_million_columns(refuse: Refuse, separated: bytes) -> None:
    reason, message = await refuse(separated * 1_000_000 + b"x", "a.csv")
    assert (reason, "16,384 columns" in message) == ("too_large", True)


async def test_json_of_100_000_levels(refuse: Refuse) -> None:
    for name in ("a.json", "a.txt"):
        reason, message = await refuse(b"[" * 100_000, name)
        assert (reason, "levels deep" in message) == ("hostile", True)


async def test_a_cell_that_does_not_end_has_the_rest_of_the_table(parse: Parse) -> None:
    parsed = await parse(b'a,b\n1,"x\n2,y', "a.csv")
    assert parsed.body == "| a | b |\n| --- | --- |\n| 1 | x 2,y |"


async def test_a_pdf_with_a_password(tmp_path: Path, refuse: Refuse) -> None:
    data = write_encrypted_pdf(tmp_path / "a", "secret").read_bytes()
    assert await refuse(data, "a.pdf") == (
        "encrypted",
        "The PDF asks for a password; save it without one and send it again.",
    )


async def test_an_archive_with_a_password(tmp_path: Path, refuse: Refuse) -> None:
    data = bytearray(write_docx(tmp_path / "a").read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    assert (await refuse(bytes(data), "a.docx"))[0] == "encrypted"


async def test_a_pdf_of_too_many_pages_or_none_with_text(tmp_path: Path, refuse: Refuse) -> None:
    data = write_pdf(tmp_path / "a").read_bytes()
    assert (await refuse(data, "a.pdf", SMALL))[0] == "too_many_pages"
    reason, message = await refuse(write_pdf(tmp_path / "a", ["", ""]).read_bytes(), "a.pdf")
    assert (reason, "OCR" in message) == ("no_text", True)


async def test_a_pdf_of_objects_within_each_other(refuse: Refuse, parse: Parse, tmp_path: Path) -> None:
    assert (await refuse(NESTED_PDF, "a.pdf"))[0] == "damaged"
    data = write_pdf(tmp_path / "a").read_bytes()
    deep = b"[" * 100_000 + b"]" * 100_000
    assert (
        "Nile" in (await parse(data.replace(b"/Type /Catalog", b"/X " + deep + b" /Type /Catalog"), "a")).body
    )


async def test_an_archive_of_something_else(tmp_path: Path, refuse: Refuse) -> None:
    data = write_zip(tmp_path / "a", {"a.txt": b"text"}).read_bytes()
    reason, message = await refuse(data, "a.docx")
    assert (reason, "unpack it" in message) == ("unknown_format", True)


@pytest.mark.parametrize("name", ["word/document.xml", "xl/workbook.xml"])
async def test_a_zip_bomb(tmp_path: Path, refuse: Refuse, name: str) -> None:
    data = write_zip(tmp_path / "a", {name: bytes(3_000_000)}).read_bytes()
    assert len(data) < 10_000
    reason, message = await refuse(data, "a", SMALL)
    assert (reason, "1,000,000 bytes" in message) == ("hostile", True)


async def test_a_bomb_that_lies_about_its_size(tmp_path: Path, refuse: Refuse) -> None:
    """Whatever it says, no more than it says is unpacked, or the memory limit ends it."""
    path = replace_parts(
        write_xlsx(tmp_path / "a"), {"xl/worksheets/sheet1.xml": b"<a>" + b" " * 900_000_000}
    )
    data = path.read_bytes()
    lied = data.replace(struct.pack("<L", 900_000_003), struct.pack("<L", 1_000))
    assert lied != data
    assert (await refuse(lied, "a.xlsx", SMALL))[0] in {"damaged", "too_large"}


@pytest.mark.parametrize(
    ("made", "part", "root"),
    [
        (write_docx, "word/document.xml", b"<w:document xmlns:w='x'>&a11;</w:document>"),
        (write_xlsx, "xl/sharedStrings.xml", b"<sst><si><t>&a11;</t></si></sst>"),
        (write_xlsx, "xl/workbook.xml", b"<workbook>&a11;</workbook>"),
    ],
)
async def test_a_billion_laughs(tmp_path: Path, refuse: Refuse, made: object, part: str, root: bytes) -> None:
    assert callable(made)
    data = replace_parts(made(tmp_path / "a"), {part: LAUGHS + root}).read_bytes()
    assert (await refuse(data, "a"))[0] in {"damaged", "no_text"}


async def test_laughs_in_html_stay_what_they_are(parse: Parse) -> None:
    parsed = await parse(LAUGHS + b"<html><body><p>&a11; Nile</body></html>", "a.html")
    assert parsed.body.endswith("&a11; Nile")
    assert len(parsed.body) < 2_000


async def test_a_page_of_100_000_levels_has_its_text(parse: Parse) -> None:
    for tag in (b"div", b"table><tr><td", b"ul><li"):
        page = b"<!doctype html>" + b"<" + tag + b">" + (b"<" + tag + b">") * 50_000 + b"The Nile flows."
        assert "The Nile flows." in (await parse(page, "a.html")).body


async def test_a_page_of_many_elements_takes_no_longer_for_each(parse: Parse) -> None:
    page = b"<!doctype html>" + b"<div class=x><ul><li>Nile</ul></div>" * 20_000
    parsed = await parse(page, "a.html", ParseLimits(seconds=15))
    assert parsed.body.count("Nile") == 20_000


async def test_what_takes_too_long_is_ended(tmp_path: Path, refuse: Refuse) -> None:
    data = write_pdf(tmp_path / "a").read_bytes()
    reason, message = await refuse(data, "a.pdf", ParseLimits(seconds=0.01))
    assert (reason, "0.01 seconds" in message) == ("too_slow", True)


async def test_what_takes_too_much_memory_is_ended(refuse: Refuse) -> None:
    rows = b"\n".join(b"%d,%d" % (n, n) for n in range(400_000))
    reason, message = await refuse(rows, "a.csv", ParseLimits(memory=60_000_000))
    assert (reason, "60,000,000 bytes of memory" in message) == ("too_large", True)


async def test_a_text_in_any_encoding(parse: Parse) -> None:
    text = "Der Rhein fließt durch schöne Täler - „gut“ und groß. " * 5
    for encoding in ("utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "cp1252"):
        assert (await parse(text.encode(encoding), "a.txt")).body == text, encoding
    for encoding in ("shift_jis", "koi8-r"):
        text = (
            "これは日本語の文章です。" * 9
            if encoding == "shift_jis"
            else "Это русский текст, длинный текст. " * 9
        )
        assert (await parse(text.encode(encoding), "a.txt")).body == text


async def test_text_of_mixed_encodings_keeps_what_is_right(parse: Parse) -> None:
    mixed = "Der Rhein fließt - schön.\r\n".encode() + "Täler\rund ".encode("cp1252") + b"a\x00b"
    assert (await parse(mixed, "a.txt")).body == "Der Rhein fließt - schön.\nTäler\nund ab"
    assert (await parse(b'{"a": "\\ud83d\\ude00 \\ud800."}', "a.json")).body == "a: 😀 �."
    halves = "Rhein - schön - ".encode() + b"\xed\xa0\x80."
    assert (await parse(halves, "a.txt")).body.startswith("Rhein - schön - ")


async def test_a_page_says_its_encoding(parse: Parse) -> None:
    page = "<html><meta charset='{}'><p>Schöne Täler: 日本"
    assert (await parse(page.format("x").encode(), "a.html")).body == "Schöne Täler: 日本"
    german = "<html><meta charset='{}'><p>Schöne Täler, große Flüsse"
    for told in ("iso-8859-1", "unheard-of"):
        parsed = await parse(german.format(told).encode("cp1252"), "a.html")
        assert parsed.body == "Schöne Täler, große Flüsse"
    assert (await parse("<html><p>Schöne Täler".encode("cp1252"), "a.html")).body == "Schöne Täler"
