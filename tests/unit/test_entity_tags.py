"""Lists of entity tags, as RFC 9110 has them."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.entity_tags import ListedTag, entity_tag, expected_in, known_in, listed_tags
from shared.errors import PreconditionFailed

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
TAG = entity_tag(NOON, b"{}")


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ('"a"', [("a", False)]),
        ('W/"a"', [("a", True)]),
        ('""', [("", False)]),
        ('"a","b" ,\tW/"c"', [("a", False), ("b", False), ("c", True)]),
        # A comma may stand in a tag, and a list may have empty parts.
        ('"a,b", , "c",', [("a,b", False), ("c", False)]),
        ('"\xe9"', [("\xe9", False)]),
    ],
)
def test_a_list_of_tags(header: str, tags: list[tuple[str, bool]]) -> None:
    assert listed_tags(header) == [ListedTag(*tag) for tag in tags]


@pytest.mark.parametrize(
    "header",
    ["", ",", "a", '"', '"a', 'a"', '"a" "b"', '"a""b"', '"a"b', 'w/"a"', 'W/ "a"', '"a b"', '*, "a"'],
)
def test_what_is_no_list_of_tags(header: str) -> None:
    with pytest.raises(ValueError, match="no list of entity tags"):
        listed_tags(header)


@pytest.mark.parametrize(
    ("header", "is_known"),
    [(TAG, True), (f"W/{TAG}", True), (f'"b", {TAG}', True), ("*", True), (' "b" ', False)],
)
def test_what_a_caller_has_is_compared_weakly(header: str, is_known: bool) -> None:
    assert known_in(header).has(TAG) is is_known


@pytest.mark.parametrize(
    ("header", "is_expected"),
    [(TAG, True), (f"W/{TAG}", False), (f'W/{TAG}, "b", {TAG}', True), (" * ", True), ('"b"', False)],
)
def test_what_is_written_to_is_compared_strongly(header: str, is_expected: bool) -> None:
    if is_expected:
        expected_in(header).refuse_other(NOON)
        return
    with pytest.raises(PreconditionFailed):
        expected_in(header).refuse_other(NOON)


def test_every_moment_is_a_version_and_every_answer_a_tag() -> None:
    """The digest is of what is shown; a write is meant for the version alone."""
    later = entity_tag(NOON + timedelta(microseconds=1), b"{}")
    other = entity_tag(NOON, b"[]")
    assert len({TAG, later, other}) == 3
    expected_in(other).refuse_other(NOON)
    with pytest.raises(PreconditionFailed):
        expected_in(later).refuse_other(NOON)
