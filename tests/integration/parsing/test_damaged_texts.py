"""Texts of every format with something wrong in them: a document, or a reason that says what to do."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.documents import MAX_TITLE_CHARACTERS, DocumentInput
from shared.errors import UnreadableFile
from shared.parsing.limits import ParseLimits
from shared.parsing.parsed_file import ParsedFile
from shared.parsing.read_file import read_file, read_plain
from tests.builders.damage import damaged

LIMITS = ParseLimits(bytes=1_000_000, characters=200_000)
MARKDOWN = b"""---
title: "Rivers"
author: Ann
date: 2026-01-02
---
# Nile

It *flows* north: [map](https://example.com).

- Cairo
  - Giza

| Town | Country |
| --- | --- |
| Luxor | Egypt |

```
code
```
"""
RESTRUCTURED = b"""Rivers
======

The Nile_ flows.

.. note:: It is long.

Towns
-----

* Cairo
* Luxor

+---+---+
| a | b |
+---+---+
"""
TEXTS = (
    b"The Nile flows to the sea.\n\nIts towns are many.\n",
    "Täler „gut“ 日本 😀\r\nund groß\r\n".encode(),
    "Schöne Täler, große Flüsse. ".encode("cp1252") * 3,
    "These are words.\n".encode("utf-16"),
    "These are words.\n".encode("utf-16-be"),
)
PAGE = """<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Nile | Rivers</title>
<meta name='author' content='Ann'><meta property='article:published_time' content='2026-01-02'></head><body>
<nav>Home</nav><main><h1>Nile</h1><p>It <b>flows</b><br>north &amp; on.</p><ul><li>one<ol><li>two</ol></ul>
<pre>a\n  b</pre><table><caption>T</caption><tr><th>Town</th></tr><tr><td><table><tr><td>Giza</table>
</td></tr></table></main><aside hidden>x</aside><script>1</script></body></html>"""
HTML = (
    PAGE.encode(),
    "<html><meta charset='iso-8859-1'><p>Schöne Täler".encode("cp1252"),
    b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body><svg><p>x</p></svg></body></html>",
)
CSV = (
    b'River,Length,Note\r\nNile,"6,650 km","first\nsecond ""line"""\r\nDanube,2850,\r\n',
    b"River;Length\nNile;6650\nDanube;2850\n",
    b"River\tLength\nNile\t6650\n",
)
JSON = (
    b'{"title": "Rivers", "long": [{"name": "Nile", "km": 6650.5}, {"dry": false}], "x": null}',
    b'["one", "two", [1, [2, [3]]], "\\ud83d\\ude00 \\u00e9"]',
    b'{"a": {"b": {"c": "deep"}}, "a": 1e5}\n',
)
SAMPLES = {
    "a.md": [MARKDOWN, *TEXTS],
    "a.rst": [RESTRUCTURED, *TEXTS],
    "a.txt": [*TEXTS, *CSV, *JSON, MARKDOWN],
    "a.html": HTML,
    "a.csv": CSV,
    "a.json": JSON,
    "a": [*HTML, *CSV, *JSON, *TEXTS],
}


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=100, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_text_gives_a_document_or_a_reason(tmp_path: Path, name: str, data: st.DataObject) -> None:
    path = tmp_path / "file"
    path.write_bytes(data.draw(damaged(SAMPLES[name])))
    outcome = read(path, name)
    if isinstance(outcome, UnreadableFile):
        assert re.search(r"; .*\b(send|divide|mend|save)\b.*\.\Z", outcome.message), outcome.message
        return
    assert outcome.body.strip()
    assert outcome.title is None or outcome.title.strip()
    # It is a document as it stands.
    DocumentInput(
        id="a",
        title=(outcome.title or "")[:MAX_TITLE_CHARACTERS],
        body=outcome.body,
        metadata=outcome.metadata,
        page_starts=list(outcome.page_starts),
    )


def read(path: Path, name: str) -> ParsedFile | UnreadableFile:
    """What the process that parses files is asked for, in this one: starting one takes longer than a text."""
    try:
        return read_plain(path, name, LIMITS) or read_file(path, name, LIMITS)
    except UnreadableFile as error:
        return error
