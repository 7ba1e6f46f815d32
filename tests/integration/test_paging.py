"""Pages of one search do not overlap and leave nothing out."""

import pytest

from shared.domain import ranking
from tests.builders.documents import a_document
from tests.builders.library import Library


async def all_pages(library: Library, q: str, *, limit: int, pages: int, **fields: object) -> list[str]:
    return [
        found
        for page in range(pages)
        for found in await library.find(q, limit=limit, offset=page * limit, passages=0, **fields)
    ]


@pytest.fixture
async def rivers(library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Ninety documents of which each ranking looks at twenty for the first pages; all words tie."""
    monkeypatch.setattr(ranking, "FIRST_CANDIDATES", 20)
    kinds = ("river", "river and stream", "river near the sea")
    documents = [a_document(f"d{number:02}", f"A {kinds[number % 3]}.") for number in range(90)]
    await library.upsert(*documents)
    # New text for some, so that the order of their index numbers is not that of their numbers.
    await library.upsert(*(a_document(f"d{number:02}", "A river, anew.") for number in range(0, 90, 4)))
    await library.embed()
    return library


@pytest.mark.parametrize("mode", ["keyword", "hybrid", "semantic"])
async def test_pages_are_disjoint_and_complete(rivers: Library, mode: str) -> None:
    found = await all_pages(rivers, "river", limit=10, pages=10, mode=mode)
    assert len(found) == 90
    assert len(set(found)) == 90


async def test_a_document_of_many_chunks_does_not_hide_the_others(library: Library) -> None:
    parts = [f"# Part {number}\n\nThe river flows past village {number}." for number in range(300)]
    await library.upsert(
        a_document("long", "\n\n".join(parts)),
        *(a_document(f"short{number}", f"The river flows past town {number}.") for number in range(8)),
    )
    await library.embed()
    found = await library.find("the river flows past a village", mode="semantic", limit=20)
    assert sorted(found) == ["long", *(f"short{number}" for number in range(8))]
