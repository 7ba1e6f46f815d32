"""Hits for people: a table with the words found in bold."""

import html
import json
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
        table.add_row(_score(hit), _document(hit), _passage(hit["passages"]))
    return table


def facet_tables(response: dict[str, Any]) -> list[Table]:
    """A table per facet: its values with their counts and, where there are numbers, what is between them."""
    return [_facet(field, facet) for field, facet in response.get("facets", {}).items()]


def _facet(field: str, facet: dict[str, Any]) -> Table:
    caption = f"{len(facet['values'])} of {facet['distinct']} values"
    stats = facet["stats"]
    if stats:
        caption += f", {stats['min']:g} to {stats['max']:g}, {stats['avg']:g} on average"
    table = Table(title=field, caption=caption, title_justify="left", caption_justify="left")
    table.add_column("documents", justify="right")
    table.add_column("value", overflow="fold")
    for counted in facet["values"]:
        table.add_row(str(counted["count"]), Text(_value(counted["value"])))
    return table


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _score(hit: dict[str, Any]) -> Text:
    text = Text(f"{hit['score']:.3f}")
    explained = hit.get("explain")
    if explained:
        text.append(f"\nwords {explained['keyword']:.3f}\nmeaning {explained['semantic']:.3f}", style="dim")
        if explained.get("pinned"):
            text.append("\npinned", style="dim")
    return text


def _document(hit: dict[str, Any]) -> Text:
    document, group = hit["document"], hit.get("group")
    text = Text(document.get("title") or document["id"], style="bold")
    text.truncate(_TITLE_CHARACTERS, overflow="ellipsis")
    if document.get("title"):
        text.append(f"\n{document['id']}", style="not bold dim")
    if group:
        text.append(f"\n{_value(group['value'])}: {group['found']} found", style="not bold dim")
    return text


def _passage(passages: list[dict[str, Any]]) -> Text:
    if not passages:
        return Text()
    first = passages[0]
    shown = highlighted(first.get("snippet") or first["highlight"] or html.escape(first["text"]))
    heading = first["heading"]
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
