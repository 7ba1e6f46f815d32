"""Several searches at once, of which one meets a mistake of ours."""

from collections.abc import Sequence

import pytest

from shared.domain.principals import ADMIN
from shared.domain.ranking import SearchMode
from shared.domain.search import SearchRequest
from shared.embeddings.protocol import Purpose, Vector
from shared.services.search_collections import search_collections
from tests.builders.documents import a_document
from tests.builders.embedders import RecordingEmbedder
from tests.builders.library import Library


class BrokenEmbedder(RecordingEmbedder):
    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        raise ZeroDivisionError(texts, purpose)


async def test_a_mistake_of_ours_is_no_answer(library: Library) -> None:
    await library.upsert(a_document("river", "A river."))
    searches = [
        ("library", SearchRequest(q="river", mode=SearchMode.KEYWORD)),
        ("library", SearchRequest(q="river")),
    ]
    with pytest.raises(ZeroDivisionError):
        await search_collections(library.database, BrokenEmbedder(library.embedder), ADMIN, searches)
