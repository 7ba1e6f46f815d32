"""Highlights are HTML in which nothing but the marks is markup."""

import pytest

from shared.services.present_hits import highlight


@pytest.mark.parametrize(
    ("text", "marked", "shown"),
    [
        ("a cat & cats", "a \x02cat\x03 & \x02cats\x03", "a <mark>cat</mark> &amp; <mark>cats</mark>"),
        # Postgres drops tags from what it marks: the words are found again in the text itself.
        ("a <b>cat</b>, cats", "a \x02cat\x03, cats", "a &lt;b&gt;<mark>cat</mark>&lt;/b&gt;, cats"),
        ("a <b>dog</b>", "a dog", "a &lt;b&gt;dog&lt;/b&gt;"),
        ("a \x02cat\x03", "a  cat ", "a cat"),
        ("", "", ""),
    ],
)
def test_highlight(text: str, marked: str, shown: str) -> None:
    assert highlight(text, marked) == shown
