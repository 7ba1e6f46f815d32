"""The elements of a page as headings, paragraphs, items, code and tables in the manner of Markdown."""

import re
from collections.abc import Iterator

from resiliparse.parse.html import ElementNode, Node, NodeType

from shared.parsing.html_boilerplate import children
from shared.parsing.tables import table_lines

_BLOCKS = {
    *("address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt"),
    *("fieldset", "figcaption", "figure", "form", "header", "hgroup", "hr", "li", "main", "ol", "p", "pre"),
    *("section", "summary", "ul", "caption"),
}
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_BREAK = "\x0b"
_SPACE = re.compile(r"[^\S\x0b]+")
_AROUND_BREAK = re.compile(r" ?\x0b ?")
_DEEPEST_LIST = 8


def read_blocks(root: ElementNode) -> Iterator[str]:
    """The text below `root`, block by block, each with the line ends before it."""
    reader = _Reader()
    # A stack of its own: pages are nested more deeply than calls may be.
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, leaves = stack.pop()
        if leaves:
            reader.leave(node.tag or "")
        elif node.type is NodeType.TEXT:
            reader.read(node.value or "")
        elif node.type is NodeType.ELEMENT:
            reader.enter(node.tag or "")
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(children(node)))
        yield from reader.take()
    yield from reader.take()


class _Reader:
    def __init__(self) -> None:
        self._done: list[str] = []
        self._inline: list[str] = []
        self._item = ""
        self._after_item = False
        self._lists = 0
        self._code = 0
        self._tables = 0
        self._rows: list[list[str]] = []

    def take(self) -> list[str]:
        """What has been read since this was last asked."""
        done, self._done = self._done, []
        return done

    def read(self, text: str) -> None:
        self._inline.append(text)

    def enter(self, tag: str) -> None:
        if tag == "br":
            self._inline.append("\n" if self._code else _BREAK)
        elif tag == "table":
            if not self._tables:
                self._end_block()
                self._rows = []
            self._tables += 1
        elif self._tables:
            self._enter_in_table(tag)
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._end_block()
            self._code += tag == "pre"
            self._lists += tag in {"ul", "ol"}
            if tag == "li":
                self._item = "  " * min(self._lists - 1, _DEEPEST_LIST) + "- "

    def leave(self, tag: str) -> None:
        if tag == "table":
            self._tables -= 1
            if not self._tables:
                self._end_table()
        elif self._tables:
            self._leave_in_table(tag)
        elif tag in _HEADINGS:
            self._end_block(_HEADINGS[tag])
        elif tag in _BLOCKS:
            self._end_block()
            self._code -= tag == "pre"
            self._lists -= tag in {"ul", "ol"}
            if tag == "li":
                self._item = ""

    def _enter_in_table(self, tag: str) -> None:
        """A table inside a cell is text of the cell."""
        if tag == "tr" and self._tables == 1:
            self._rows.append([])
        self._inline.append(" " if tag in _BLOCKS or tag in {"tr", "td", "th"} else "")

    def _leave_in_table(self, tag: str) -> None:
        if tag in {"td", "th"} and self._tables == 1:
            self._rows[-1].append(" ".join("".join(self._inline).split()))
            self._inline = []
        elif tag == "caption":
            self._end_block()

    def _end_table(self) -> None:
        lines = [*table_lines(self._rows)]
        self._add("\n".join(lines))
        self._inline = []

    def _end_block(self, mark: str = "") -> None:
        text = "".join(self._inline)
        self._inline = []
        if self._code:
            code = text.strip("\n").rstrip()
            self._add(f"```\n{code}\n```" if code else "")
            return
        text = _AROUND_BREAK.sub(" " if mark else "\n", _SPACE.sub(" ", text)).strip()
        self._add(f"{mark or self._item}{text}" if text else "")

    def _add(self, block: str) -> None:
        if not block:
            return
        is_item = bool(self._item)
        self._done.append(("\n" if is_item and self._after_item else "\n\n") + block)
        self._after_item = is_item
        self._item = " " * len(self._item)
