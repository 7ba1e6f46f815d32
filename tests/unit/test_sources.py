"""What a source's settings take, and what its documents are called."""

import pytest

from shared.domain.names import ID_PATTERN
from shared.domain.sources import SourceSettings, is_too_much, item_document_id, pause_seconds


def test_patterns_choose_addresses() -> None:
    settings = SourceSettings(include=["*/docs/*", "*/guides/*"], exclude=["*.png"])
    taken = [
        address for address in ("x/docs/a", "x/guides/b", "x/docs/c.png", "x/d") if settings.takes(address)
    ]
    assert taken == ["x/docs/a", "x/guides/b"]
    assert SourceSettings().takes("anything")


@pytest.mark.parametrize("key", ["https://example.com/a b/ü", "urn:1", "x" * 2_000, "\ud800", "https://"])
def test_every_item_has_an_id_of_its_own(key: str) -> None:
    import re  # noqa: PLC0415

    found = item_document_id("s" * 64, key)
    assert re.fullmatch(ID_PATTERN, found)
    assert found == item_document_id("s" * 64, key)
    assert found != item_document_id("s" * 64, f"{key}x")


def test_pauses_double_up_to_a_day() -> None:
    assert [pause_seconds(failures) for failures in (1, 2, 3, 10, 1_000)] == [300, 600, 1_200, 86_400, 86_400]
    assert (pause_seconds(1, asked=1_000), pause_seconds(1, asked=1e9)) == (1_000, 86_400)


@pytest.mark.parametrize(
    ("deletions", "documents", "percent", "too_much"),
    [(2, 10, 20, False), (3, 10, 20, True), (1, 1, 100, False), (1, 10, 0, True), (0, 0, 0, False)],
)
def test_how_many_deletions_need_approval(
    deletions: int, documents: int, percent: int, too_much: bool
) -> None:
    assert is_too_much(deletions, documents, percent) is too_much
