"""Synonyms of words that are stop words to a language."""

import pytest

from shared.domain.collection_settings import CollectionSettingsChange
from tests.builders.documents import a_document
from tests.builders.library import Library


@pytest.mark.parametrize("mode", ["keyword", "hybrid"])
async def test_a_stop_word_finds_its_synonyms(library: Library, mode: str) -> None:
    await library.configure(
        CollectionSettingsChange.model_validate(
            {"synonyms": [{"from": "it", "to": ["information technology", "unheard of"]}]}
        )
    )
    await library.upsert(
        a_document("both", "The department of information technology."),
        a_document("department", "The department of history."),
        a_document("other", "A river."),
    )
    assert await library.find("it", mode=mode) == ["both"]
    found = await library.search("it department", mode=mode)
    assert [hit.document.id for hit in found.hits] == ["both", "department"]
    assert 1 > found.hits[0].score > found.hits[1].score > 0
