"""Highlights are HTML in which nothing but the marks is markup, and snippets show what was found."""

import pytest

from shared.services.highlights import Range, as_html, crop, marked_ranges


@pytest.mark.parametrize(
    ("text", "marked", "shown"),
    [
        ("a cat & cats", "a \x02cat\x03 & \x02cats\x03", "a <mark>cat</mark> &amp; <mark>cats</mark>"),
        # What looks like a tag is read as words.
        ("a <b>cat</b>, cats", "a  b \x02cat\x03 /b , cats", "a &lt;b&gt;<mark>cat</mark>&lt;/b&gt;, cats"),
        ("a <b>dog</b>", "a  b dog /b ", "a &lt;b&gt;dog&lt;/b&gt;"),
        # Characters of writing without spaces stand alone, and are shown together.
        ("東京の塔", " \x02東\x03  \x02京\x03  の  塔 ", "<mark>東京</mark>の塔"),
        # Postgres writes some characters otherwise: the words are found again in the text itself.
        (
            "ﬁne cats, ½ cat",
            "fine \x02cats\x03, 1\u20442 \x02cat\x03",
            "ﬁne <mark>cats</mark>, ½ <mark>cat</mark>",
        ),
        ("ﬁne", "fine", "ﬁne"),
        ("a \x02cat\x03", "a  cat ", "a cat"),
        ("", "", ""),
    ],
)
def test_what_is_marked(text: str, marked: str, shown: str) -> None:
    assert as_html(text, marked_ranges(text, marked)) == shown


TEXT = "one two three four five six seven eight"


@pytest.mark.parametrize(
    ("ranges", "words", "shown"),
    [
        ([], 3, "one two three…"),
        ([(0, 3)], 3, "<mark>one</mark> two three…"),
        ([(14, 18)], 3, "…three <mark>four</mark> five…"),
        ([(34, 39)], 3, "…six seven <mark>eight</mark>"),
        ([(0, 3), (24, 27), (28, 33)], 4, "…five <mark>six</mark> <mark>seven</mark> eight"),
        # Of a sentence that is longer what is shown is marked.
        ([(8, 33)], 2, "…<mark>three four</mark>…"),
        ([(0, 18), (19, 33)], 2, "<mark>one two</mark>…"),
        ([(4, 7)], 8, "one <mark>two</mark> three four five six seven eight"),
    ],
)
def test_what_a_snippet_shows(ranges: list[Range], words: int, shown: str) -> None:
    assert as_html(TEXT, ranges, crop(TEXT, ranges, words)) == shown
