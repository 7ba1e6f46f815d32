"""Suggestions for people: a table with what is new in bold."""

from typing import Any

from rich.table import Table
from rich.text import Text

from shared.cli.search_table import highlighted


def suggestions_table(query: str, response: dict[str, Any]) -> Table:
    caption = f"{len(response['suggestions'])} suggested, {response['took_ms']:g} ms"
    table = Table(title=Text(query), caption=caption, title_justify="left", caption_justify="left")
    table.add_column("documents", justify="right", no_wrap=True)
    table.add_column("query or title", overflow="fold")
    for suggestion in response["suggestions"]:
        table.add_row(str(suggestion["documents"]), highlighted(suggestion["highlight"]))
    for document in response["documents"]:
        table.add_row("", Text.assemble(document["title"], (f"\n{document['id']}", "dim")))
    return table
