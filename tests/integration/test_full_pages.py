"""Pages are full when enough documents pass, whatever the best ones are."""

import pytest

from tests.builders.documents import a_document
from tests.builders.library import Library


@pytest.fixture
async def jaguars(library: Library) -> Library:
    """More cars than the candidates that are looked at first, all better hits than the few animals."""
    animal = f"jaguar {'of the deep forest ' * 9}"
    texts = {f"a{number:02}": animal for number in range(30)}
    texts |= {f"o{number:03}": "something else" for number in range(400)}
    await library.upsert(*(a_document(name, text, metadata={"year": 1990}) for name, text in texts.items()))
    for start in range(0, 4_500, 500):
        await library.upsert(
            *(
                a_document(f"c{number}", "jaguar car", metadata={"year": 2000})
                for number in range(start, start + 500)
            )
        )
    return library


@pytest.mark.parametrize(
    ("q", "condition"), [("jaguar -car", None), ('jaguar -"jaguar car"', None), ("jaguar", "year < 1995")]
)
async def test_the_best_do_not_pass(jaguars: Library, q: str, condition: str | None) -> None:
    for offset, hits in ((0, 10), (20, 10), (30, 0)):
        page = await jaguars.find(q, mode="keyword", filter=condition, offset=offset)
        assert page == [f"a{number:02}" for number in range(offset, offset + hits)]
