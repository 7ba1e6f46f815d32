"""Groups that are too large for one answer."""

from tests.builders.documents import a_document
from tests.builders.library import Library


async def test_pages_of_large_groups_miss_none(library: Library) -> None:
    body = "apple " + "x" * 600_000
    kinds = [1, True, "b", "c", "d"]
    await library.upsert(
        *(a_document(f"g{place:02}", body, metadata={"kind": kinds[place // 3]}) for place in range(15))
    )
    offset: int | None = 0
    pages = []
    while offset is not None:
        page = await library.search(
            "apple",
            mode="keyword",
            group_by="kind",
            group_size=3,
            include_fields=("id", "body"),
            highlight=False,
            passages=0,
            offset=offset,
        )
        pages.append([hit.document.id for hit in page.hits])
        offset = page.next_offset
    assert pages == [
        [f"g{place:02}" for place in range(8)],
        [f"g{place:02}" for place in range(6, 14)],
        [f"g{place:02}" for place in range(12, 15)],
    ]


async def test_a_group_larger_than_an_answer_is_passed_over(library: Library) -> None:
    body = "apple " + "x" * 2_000_000
    await library.upsert(
        *(a_document(f"g{place}", body, metadata={"kind": "a"}) for place in range(2)),
    )
    await library.upsert(a_document("g2", body, metadata={"kind": "a"}), a_document("g3", body))
    first = await library.search(
        "apple", mode="keyword", group_by="kind", group_size=3, include_fields=("id", "body"), highlight=False
    )
    assert ([hit.document.id for hit in first.hits], first.next_offset) == (["g0", "g1"], 1)
    assert await library.find("apple", mode="keyword", group_by="kind", group_size=3, offset=1) == ["g3"]
