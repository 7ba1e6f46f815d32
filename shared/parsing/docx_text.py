"""DOCX: paragraphs, headings, lists and tables in their order."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import docx
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from lxml.etree import LxmlError, _Element

from shared.errors import UnreadableFile, UnreadableReason
from shared.parsing.bounded import bounded
from shared.parsing.decoding import clean
from shared.parsing.limits import ParseLimits
from shared.parsing.parsed_file import JsonValue, ParsedFile
from shared.parsing.tables import table_lines

_HEADING = re.compile(r"heading ([1-6])", re.IGNORECASE)
_LIST = re.compile(r"list\b", re.IGNORECASE)
_LONGEST_FIELD = 1_000
_MOST_STYLES_ABOVE = 20
_PARAGRAPH, _TABLE, _ROW, _CELL, _TEXT = (qn(f"w:{name}") for name in ("p", "tbl", "tr", "tc", "t"))
_BREAKS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
# How text looks; what was deleted or moved away; what stands in for a drawing that is there as well.
_UNSEEN = {
    *(qn(f"w:{name}") for name in ("pPr", "rPr", "sdtPr", "tblPr", "del", "moveFrom")),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}


class _Style(NamedTuple):
    """How a paragraph of a style begins."""

    mark: str = ""
    is_title: bool = False


def parse_docx(path: Path, limits: ParseLimits) -> ParsedFile:
    """Raises UnreadableFile when it is damaged or has too much text."""
    try:
        document = docx.Document(str(path))
        styles = _styles(document.styles.element)
        body = "\n".join(bounded(_lines(document.element.body, styles), limits))
        title, metadata = _told(document)
        return ParsedFile(
            title or _title(document.element.body, styles), clean(body).strip(), metadata=metadata
        )
    except (PackageNotFoundError, LxmlError, KeyError, ValueError, AttributeError, zipfile.BadZipFile):
        message = "The document is damaged; save it anew in the application that made it, and send it again."
        raise UnreadableFile(UnreadableReason.DAMAGED, message) from None


def _styles(root: _Element) -> Mapping[str | None, _Style]:
    """By their ids the styles that are a title's, a heading's or a list's, or made from one."""
    names, parents = {}, {}
    for style in root.iter(qn("w:style")):
        identifier = style.get(qn("w:styleId"))
        names[identifier] = _value(style, "w:name") or ""
        parents[identifier] = _value(style, "w:basedOn")
    styles: dict[str | None, _Style] = {}
    for identifier in names:
        ancestor: str | None = identifier
        for _ in range(_MOST_STYLES_ABOVE):
            name = names.get(ancestor, "")
            if heading := _HEADING.match(name):
                styles[identifier] = _Style(f"{'#' * int(heading[1])} ")
            elif name.casefold() == "title":
                styles[identifier] = _Style("# ", is_title=True)
            elif _LIST.match(name):
                styles[identifier] = _Style("- ")
            ancestor = parents.get(ancestor)
            if identifier in styles or ancestor is None:
                break
    return styles


def _lines(body: _Element, styles: Mapping[str | None, _Style]) -> Iterator[str]:
    after_item = False
    for block in _blocks(body):
        if block.tag == _TABLE:
            yield ""
            yield from table_lines(_rows(block))
            after_item = False
            continue
        text = _text_of(block).strip()
        if not text:
            continue
        mark = _mark(block, styles)
        is_item = mark.endswith("- ")
        if not (is_item and after_item):
            yield ""
        # A heading takes one line.
        yield mark + (" ".join(text.split()) if mark.startswith("#") else text)
        after_item = is_item


def _mark(paragraph: _Element, styles: Mapping[str | None, _Style]) -> str:
    style = styles.get(_value(paragraph, "w:pPr/w:pStyle"), _Style())
    numbering = paragraph.find(_path("w:pPr/w:numPr"))
    if numbering is None or style.mark.startswith("#"):
        return style.mark
    level = _value(numbering, "w:ilvl") or "0"
    return "  " * min(int(level), 8) + "- "


def _title(body: _Element, styles: Mapping[str | None, _Style]) -> str | None:
    for block in _blocks(body):
        style = styles.get(_value(block, "w:pPr/w:pStyle"), _Style())
        text = " ".join(_text_of(block).split())
        if text and style.mark.startswith("#"):
            return clean(text)
        if text and block.tag == _PARAGRAPH and not style.is_title:
            return None
    return None


def _blocks(element: _Element) -> Iterator[_Element]:
    """Paragraphs and tables, also those inside content controls and accepted changes."""
    for child in element:
        if child.tag in {_PARAGRAPH, _TABLE}:
            yield child
        elif child.tag not in _UNSEEN:
            yield from _blocks(child)


def _rows(table: _Element) -> Iterator[list[str]]:
    """Tables inside a cell are text of the cell."""
    for row in _inner(table, _ROW):
        yield [" ".join(_text_of(block) for block in _blocks(cell)) for cell in _inner(row, _CELL)]


def _inner(element: _Element, tag: str) -> Iterator[_Element]:
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in _UNSEEN:
            yield from _inner(child, tag)


def _text_of(element: _Element) -> str:
    return "".join(_texts(element))


def _texts(element: _Element) -> Iterator[str]:
    for child in element:
        if child.tag == _TEXT:
            yield child.text or ""
        elif child.tag in _BREAKS:
            yield _BREAKS[child.tag]
        elif child.tag not in _UNSEEN:
            yield from _texts(child)
            if child.tag == _PARAGRAPH:
                yield "\n"


def _path(path: str) -> str:
    return "/".join(qn(name) for name in path.split("/"))


def _value(element: _Element, path: str) -> str | None:
    found = element.find(_path(path))
    return None if found is None else found.get(qn("w:val"))


def _told(document: Document) -> tuple[str | None, dict[str, JsonValue]]:
    """Title and metadata, of a file that has them: others would be given the library's own."""
    relations = document.part.package.rels.values()
    if all(relation.reltype != RELATIONSHIP_TYPE.CORE_PROPERTIES for relation in relations):
        return None, {}
    told = document.core_properties
    texts = {
        "author": told.author,
        "subject": told.subject,
        "keywords": told.keywords,
        "language": told.language,
    }
    metadata: dict[str, JsonValue] = {
        name: clean(text)[:_LONGEST_FIELD] for name, text in texts.items() if text.strip()
    }
    if told.created is not None:
        metadata["created"] = told.created.isoformat()
    return clean(told.title).strip() or None, metadata
