"""HTML: the main text, without what surrounds it on every page of a site."""

from contextlib import suppress
from typing import Any, cast

from resiliparse.parse.encoding import detect_encoding
from resiliparse.parse.html import ElementNode, HTMLTree

from shared.errors import UnreadableFile, UnreadableReason
from shared.parsing.bounded import bounded
from shared.parsing.decoding import clean, decode, decode_surely
from shared.parsing.html_blocks import read_blocks
from shared.parsing.html_boilerplate import elements, main_part, remove_boilerplate
from shared.parsing.limits import ParseLimits
from shared.parsing.parsed_file import JsonValue, ParsedFile

_META = {
    "author": "author",
    "description": "description",
    "article:published_time": "created",
    "date": "created",
    "dcterms.created": "created",
}
_MOST_META = 200
_LONGEST_FIELD = 1_000
_META_BYTES = 1_024


def parse_html(data: bytes, limits: ParseLimits) -> ParsedFile:
    """Raises UnreadableFile when it has no text, or too much."""
    tree = HTMLTree.parse(_decoded(data))
    # The parser makes what a page lacks: there always is a root, and a body in it.
    root, page = (
        cast("ElementNode", cast("Any", tree.document).document_element),
        cast("ElementNode", tree.body),
    )
    metadata = _metadata(root)
    title = _text(tree.title or "")
    remove_boilerplate(page)
    part = main_part(page)
    headings = elements(part, {"h1"})
    if len(headings) == 1:
        title = _text(headings[0].inner_text) or title
    body = clean("".join(bounded(read_blocks(part), limits))).strip()
    if not body:
        raise _no_text()
    return ParsedFile(title or None, body, metadata=metadata)


def _decoded(data: bytes) -> str:
    """By its mark, as UTF-8, by what it says of itself, or as what it looks like."""
    text = decode_surely(data)
    if text is not None:
        return text
    if b"charset" in data[:_META_BYTES].lower():
        # Never None: what is not found is UTF-8 there.
        with suppress(LookupError):
            return clean(data.decode(str(detect_encoding(data, from_html_meta=True)), "replace"))
    return decode(data)


def _metadata(root: ElementNode) -> dict[str, JsonValue]:
    metadata: dict[str, JsonValue] = {}
    for tag in elements(root, {"meta"})[:_MOST_META]:
        name = _META.get((_attribute(tag, "name") or _attribute(tag, "property")).casefold())
        content = _text(_attribute(tag, "content"))
        if name and content:
            metadata.setdefault(name, content[:_LONGEST_FIELD])
    language = _text(_attribute(root, "lang"))
    if language:
        metadata["language"] = language[:_LONGEST_FIELD]
    return metadata


def _attribute(node: ElementNode, name: str) -> str:
    return node.getattr(name) or ""


def _text(text: str) -> str:
    return " ".join(clean(text).split())


def _no_text() -> UnreadableFile:
    message = "The page has no text of its own; if a script makes it, save it from a browser and send that."
    return UnreadableFile(UnreadableReason.NO_TEXT, message)
