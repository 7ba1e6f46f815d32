"""Hits for people: a table with the words found in bold."""

import html
import re
from typing import Any

from rich.table import Table
from rich.text import Text

_MARK = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)
_PASSAGE_CHARACTERS = 280
_TITLE_CHARACTERS = 80
_CONTEXT_CHARACTERS = 80


def search_table(query: str, response: dict[str, Any]) -> Table:
    about = "about " if not response["found_exact"] else ""
    caption = f"{response['mode']}, {about}{response['found']} found, {response['took_ms']:g} ms"
    if response["degraded"]:
        caption += f", without {', '.join(response['degraded'])}"
    table = Table(title=query, caption=caption, title_justify="left", caption_justify="left", expand=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("document", ratio=2, overflow="fold")
    table.add_column("passage", ratio=5)
    for hit in response["hits"]:
        table.add_row(f"{hit['score']:.3f}", _document(hit["document"]), _passage(hit["passages"]))
    return table


def _document(document: dict[str, Any]) -> Text:
    text = Text(document.get("title") or document["id"], style="bold")
    text.truncate(_TITLE_CHARACTERS, overflow="ellipsis")
    if document.get("title"):
        text.append(f"\n{document['id']}", style="not bold dim")
    return text


def _passage(passages: list[dict[str, Any]]) -> Text:
    if not passages:
        return Text()
    shown = highlighted(passages[0]["highlight"] or html.escape(passages[0]["text"]))
    heading = passages[0]["heading"]
    return Text.assemble((f"{heading}\n", "dim"), shown) if heading else shown


def highlighted(markup: str) -> Text:
    """Escaped HTML with <mark> as styled text on few lines, cut to what surrounds the first mark."""
    text = Text()
    for position, part in enumerate(_MARK.split(" ".join(markup.split()))):
        text.append(html.unescape(part), style="bold yellow" if position % 2 else "")
    start = max(text.spans[0].start - _CONTEXT_CHARACTERS, 0) if text.spans else 0
    end = min(start + _PASSAGE_CHARACTERS, len(text))
    before, after = ("…" if start else ""), ("…" if end < len(text) else "")
    return Text.assemble(before, text[start:end], after)
