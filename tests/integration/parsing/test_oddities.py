"""Files that are whole, and not as most are."""

from pathlib import Path

import docx
import pypdf
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from pypdf.generic import ArrayObject, DictionaryObject, NumberObject

from shared.errors import UnreadableFile
from shared.parsing.child_process import Ended
from shared.parsing.decoding import decoded_as
from shared.parsing.limits import DEFAULT_LIMITS, ParseLimits
from shared.parsing.parse_file import _parsed
from shared.parsing.pdf import parse_pdf
from tests.builders.files import write_pdf, write_xlsx
from tests.integration.parsing.conftest import Parse, Refuse


async def test_a_page_that_cannot_be_read_is_one_without_text(tmp_path: Path, parse: Parse) -> None:
    writer = pypdf.PdfWriter(clone_from=write_pdf(tmp_path / "a", ("Nile", "Danube"), outline=False))
    pages = writer.root_object["/Pages"].get_object()
    assert isinstance(pages, DictionaryObject)
    kids = pages["/Kids"]
    assert isinstance(kids, ArrayObject)
    # A number, which is no page.
    kids[1] = writer._add_object(NumberObject(5))
    writer.write(tmp_path / "b")
    # In a process of its own, as for users, and here.
    in_process = parse_pdf(tmp_path / "b", DEFAULT_LIMITS)
    for parsed in (await parse((tmp_path / "b").read_bytes(), "b.pdf"), in_process):
        assert parsed.body.startswith("Nile")
        assert "The Danube flows" not in parsed.body
        assert parsed.page_starts == (0, len(parsed.body))


async def test_an_outline_without_titles_or_targets_gives_no_headings(tmp_path: Path, parse: Parse) -> None:
    writer = pypdf.PdfWriter(clone_from=write_pdf(tmp_path / "a", outline=False))
    writer.add_outline_item(title=" ", page_number=0)
    writer.add_outline_item(title="Nile", page_number=None)
    writer.metadata = None
    writer.write(tmp_path / "b")
    parsed = await parse((tmp_path / "b").read_bytes(), "b.pdf")
    assert parsed.body.startswith("Nile")
    assert "created" not in parsed.metadata


async def test_styles_that_are_made_from_each_other_are_none(tmp_path: Path, parse: Parse) -> None:
    document = docx.Document()
    first = document.styles.add_style("First", WD_STYLE_TYPE.PARAGRAPH)
    second = document.styles.add_style("Second", WD_STYLE_TYPE.PARAGRAPH)
    first.base_style, second.base_style = second, first
    document.add_paragraph("Plain.", style="First")
    document.save(str(tmp_path / "a"))
    parsed = await parse((tmp_path / "a").read_bytes(), "a.docx")
    assert (parsed.title, parsed.body) == (None, "Plain.")


async def test_a_document_of_a_table_alone_has_no_title(tmp_path: Path, parse: Parse) -> None:
    document = docx.Document()
    created = document.core_properties._element.find("{*}created")
    created.getparent().remove(created)
    document.add_table(1, 1).cell(0, 0).text = "Alone"
    document.save(str(tmp_path / "a"))
    parsed = await parse((tmp_path / "a").read_bytes(), "a.docx")
    assert (parsed.title, parsed.body) == (None, "| Alone |\n| --- |")
    assert "created" not in parsed.metadata


async def test_a_sheet_with_more_text_than_may_be(tmp_path: Path, refuse: Refuse) -> None:
    data = write_xlsx(tmp_path / "a").read_bytes()
    reason, message = await refuse(data, "a.xlsx", ParseLimits(characters=10))
    assert (reason, "10 characters" in message) == ("too_large", True)


def test_an_encoding_that_nobody_knows_is_read_as_the_most_common_one() -> None:
    assert decoded_as("georgian-academy", b"caf\xe9") == decoded_as("cp1252", b"caf\xe9") == "caf\u00e9"


def test_a_process_that_says_more_than_it_may_has_read_too_much() -> None:
    with pytest.raises(UnreadableFile, match="more text than may be"):
        _parsed(Ended(status=None, output=b"", was_slow=False), DEFAULT_LIMITS)


async def test_what_was_deleted_with_its_paragraph_is_not_read(tmp_path: Path, parse: Parse) -> None:
    document = docx.Document()
    document.add_paragraph("Kept.")
    deleted = document.add_paragraph("Deleted.")._p
    change = OxmlElement("w:del")
    deleted.addprevious(change)
    change.append(deleted)
    document.save(str(tmp_path / "a"))
    assert (await parse((tmp_path / "a").read_bytes(), "a.docx")).body == "Kept."
