"""What is a heading, at which level, and what only looks like one."""

import pytest

from shared.chunking.headings import LONGEST_TITLE, Heading, read_heading


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("# Title\n", Heading(1, "Title", 1)),
        ("#\tTitle", Heading(1, "Title", 1)),
        ("   ###### Deep ##\n", Heading(6, "Deep", 1)),
        ("## C#\n", Heading(2, "C#", 1)),
        ("#\n", Heading(1, "", 1)),
        ("## ##", Heading(2, "", 1)),
        ("# " + "x" * 500, Heading(1, "x" * LONGEST_TITLE, 1)),
        ("Title\n===\n", Heading(1, "Title", 2)),
        ("Title\n-----\n", Heading(2, "Title", 2)),
        ("Title\n~~~~~\n", Heading(3, "Title", 2)),
        ("Title\n^^^^^\n", Heading(4, "Title", 2)),
        ('Title\n"""""', Heading(5, "Title", 2)),
        ("ab\n--\n", Heading(2, "ab", 2)),
        ("=====\nTitle\n=====\n", Heading(0, "Title", 3)),
        ("=======\n Title\n=======\n", Heading(0, "Title", 3)),
        ("#Title\n", None),
        ("####### Seven\n", None),
        ("    # Code\n", None),
        ("Title\n~~~~\n", None),
        ("Title\n--\n", None),
        ("Title\ntext\n", None),
        ("Title", None),
        ("---\n", None),
        ("---\n---\n", None),
        ("=====\n\n=====\n", None),
        ("===\nLonger title\n===\n", None),
        ("=====\nTitle\n-----\n", None),
        ("- item\n------\n", None),
        ("> quoted\n--------\n", None),
        ("| cell\n------\n", None),
        ("    code\n--------\n", None),
        ("x" * (LONGEST_TITLE + 1) + "\n" + "-" * (LONGEST_TITLE + 1), None),
    ],
)
def test_headings(text: str, heading: Heading | None) -> None:
    assert read_heading(text.splitlines(keepends=True), 0) == heading
