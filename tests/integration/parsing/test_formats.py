"""Files of every format, as real writers make them."""

import datetime as dt
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from shared.parsing.parse_file import parse_file
from tests.builders.files import RIVERS, replace_parts, write_docx, write_encrypted_pdf, write_pdf, write_xlsx
from tests.integration.parsing.conftest import Parse

TABLE = "| River | Length |\n| --- | --- |\n| Nile | 6,650 km |\n| Danube | 2,850 km |"


async def test_a_pdf_has_pages_headings_and_what_it_tells_of_itself(tmp_path: Path) -> None:
    parsed = await parse_file(write_pdf(tmp_path / "a"), "a.pdf")
    assert parsed.title == "Rivers of the world"
    assert parsed.metadata == {"author": "Ann", "created": "2026-01-02T03:04:05"}
    pages = [
        parsed.body[start:end].rstrip()
        for start, end in zip(parsed.page_starts, [*parsed.page_starts[1:], None], strict=True)
    ]
    assert [page.splitlines()[0] for page in pages] == [f"# {name}" for name in RIVERS]
    assert all("Danube 2,850 km" in page for page in pages)


async def test_an_empty_page_starts_where_the_next_one_does(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a", ["", "Nile", "", "Rhine", ""], title="untitled", outline=False)
    parsed = await parse_file(path, "a")
    nile, rhine = parsed.body.index("Nile"), parsed.body.index("Rhine")
    assert parsed.page_starts == (0, nile, rhine, rhine, len(parsed.body))
    assert (parsed.title, nile) == (None, 0)


async def test_a_pdf_that_everybody_may_read_is_read(tmp_path: Path) -> None:
    parsed = await parse_file(write_encrypted_pdf(tmp_path / "a", ""), "a.pdf")
    assert "The Nile flows" in parsed.body


async def test_a_document_has_headings_lists_and_tables(tmp_path: Path) -> None:
    parsed = await parse_file(write_docx(tmp_path / "a"), "a.docx")
    assert parsed.body == (
        "# Rivers of the world\n\n# Africa\n\nThe Nile\tflows\nnorth.\n\n## Its towns\n\n- Cairo\n- Luxor\n\n"
        f"{TABLE}\n\nThe end."
    )
    assert parsed.title == "Rivers of the world"
    assert parsed.metadata == {"author": "Ann", "language": "en", "created": "2026-01-02T03:04:05+00:00"}


async def test_what_a_reader_of_a_document_sees(tmp_path: Path) -> None:
    """Insertions and content controls, not what was deleted; a style made from a heading's is one."""
    document = docx.Document()
    document.core_properties.title = "Named"
    style = document.styles.add_style("Chapter", 1)
    style.base_style = document.styles["Heading 2"]
    document.add_paragraph("Rivers", style="Chapter")
    for xml in (
        "<w:p {}><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:t>old</w:t></w:r></w:del></w:p>",
        "<w:sdt {}><w:sdtContent><w:p><w:r><w:t>controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        "<w:p {}><w:pPr><w:numPr><w:ilvl w:val='1'/></w:numPr></w:pPr><w:r><w:t>item</w:t></w:r></w:p>",
        "<w:p {}><w:r><w:p><w:r><w:t>boxed</w:t></w:r></w:p><w:t>after</w:t></w:r></w:p>",
    ):
        document.element.body.append(parse_xml(xml.format(nsdecls("w"))))
    document.add_table(1, 1).cell(0, 0).add_table(1, 1).cell(0, 0).text = "within"
    document.save(str(tmp_path / "a"))
    parsed = await parse_file(tmp_path / "a", "a.docx")
    assert parsed.body == (
        "## Rivers\n\n| within |\n| --- |\n\nnew\n\ncontrolled\n\n  - item\n\nboxed\nafter"
    )
    assert parsed.title == "Named"


async def test_a_document_that_tells_nothing_of_itself(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Only text.")
    document.save(str(tmp_path / "a"))
    relations = (
        b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="rId1" Target="word/document.xml" Type="http://schemas.openxmlformats.org/'
        b'officeDocument/2006/relationships/officeDocument"/></Relationships>'
    )
    parsed = await parse_file(replace_parts(tmp_path / "a", {"_rels/.rels": relations}), "a.docx")
    assert (parsed.title, parsed.body, parsed.metadata) == (None, "Only text.", {})


async def test_each_sheet_is_a_table_below_its_name(tmp_path: Path) -> None:
    parsed = await parse_file(write_xlsx(tmp_path / "a"), "a.xlsx")
    assert parsed.body == (
        "# Rivers\n\n| River | Length | Measured | Navigable | Share |\n| --- | --- | --- | --- | --- |\n"
        "| Nile | 6650 | 2026-01-02 03:04:00 | TRUE | 0.5 |\n| A\\|B | 1 | 2026-01-02 | FALSE |\n\n"
        "# Seas\n\n| Sea |\n| --- |"
    )


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
async def test_a_table_is_told_by_what_separates_its_cells(parse: Parse, separator: str) -> None:
    lines = ["River,Length", 'Nile,"6,650 km"', '"Danube","2,850 km"', ""]
    text = (
        "\r\n".join(lines)
        if separator == ","
        else "\n".join(lines)
        .replace('"', "")
        .replace(",", separator)
        .replace(f"6{separator}650", "6,650")
        .replace(f"2{separator}850", "2,850")
    )
    assert (await parse(text.encode(), "a.csv")).body == TABLE


async def test_a_column_alone_is_a_table_too(parse: Parse) -> None:
    assert (await parse(b"River\nNile\n", "a.csv")).body == "| River |\n| --- |\n| Nile |"


async def test_json_is_a_line_for_each_value(parse: Parse) -> None:
    data = b'{"title": "Rivers", "long": [{"name": "Nile", "km": 6650}, {"dry": false}], "x": null}'
    parsed = await parse(data, "a.json")
    assert parsed.body == ("title: Rivers\n\nlong.name: Nile\nlong.km: 6650\n\nlong.dry: false")
    assert parsed.title == "Rivers"
    assert (await parse(b'["one", "two"]', "a.txt")).body == "one\ntwo"
    assert (await parse(b'{"title": 5, "name": " "}', "a.json")).title is None


async def test_markdown_may_have_front_matter(parse: Parse) -> None:
    text = b'---\ntitle: "Rivers"\nauthor: Ann\ndate: 2026-01-02\nlayout: page\n---\n# Nile\n\nIt flows.\n'
    parsed = await parse(text, "a.md")
    assert (parsed.title, parsed.body) == ("Rivers", "# Nile\n\nIt flows.\n")
    assert parsed.metadata == {"author": "Ann", "created": "2026-01-02"}
    assert (await parse(text.replace(b'title: "Rivers"\n', b""), "a.md")).title == "Nile"
    assert (await parse(b"\n# Rhine #\n\nIt flows.", "a.md")).title == "Rhine"


async def test_text_is_kept_as_it_is(parse: Parse) -> None:
    text = "Rivers\n======\n\nThe Nile.\n\nIts towns\n---------\n\nCairo\n"
    assert (await parse(text.encode(), "a.rst")).title == "Rivers"
    assert (await parse(text.encode(), "a.rst")).body == text
    assert (await parse(b"#\nNo heading at all.", "notes")).title is None


async def test_a_large_text_is_read_by_a_process_of_its_own(parse: Parse) -> None:
    text = "The Nile flows. " * 80_000
    assert (await parse(text.encode(), "a.txt")).body == text
    assert (await parse(f"# Nile\n\n{text}".encode(), "a.md")).title == "Nile"
    table = f"River\n{text}\n"
    assert (await parse(table.encode(), "a.csv")).body.startswith("| River |")


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.txt", "a.html", "a"])
@pytest.mark.parametrize("made", [write_pdf, write_docx, write_xlsx])
async def test_a_mislabelled_file_is_read_as_what_it_is(tmp_path: Path, made: object, name: str) -> None:
    assert callable(made)
    assert "Nile" in (await parse_file(made(tmp_path / "a"), name)).body


async def test_text_that_is_labelled_otherwise_is_text(parse: Parse) -> None:
    assert (await parse(b"The Nile.", "a.pdf")).body == "The Nile."
    assert (await parse(b"{the Nile}", "a.txt")).body == "{the Nile}"
    assert (await parse(b"<!DOCTYPE html><title>Nile</title><p>It flows.", "a.md")).body == "It flows."


async def test_a_table_of_times(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("T", 0).append([dt.time(3, 4), dt.timedelta(hours=30)])
    book.save(tmp_path / "a")
    assert (await parse_file(tmp_path / "a", "a.xlsx")).body.startswith("# T\n\n| 03:04:00 | ")
