"""Two who change the settings of one collection at a time."""

import asyncio
import contextvars

from shared.cache.null import NullCache
from shared.domain.collection_settings import CollectionSettings, CollectionSettingsChange
from shared.domain.document_writes import WriteStatus
from shared.domain.new_collections import CollectionChange
from shared.domain.principals import ADMIN
from shared.repositories.collection_settings import find_settings, store_settings
from shared.repositories.collections import touch_collection
from shared.services.update_collection import update_collection
from tests.builders.claims import pool
from tests.builders.documents import a_document
from tests.builders.library import Library


async def test_neither_change_is_lost(library: Library, database_url: str) -> None:
    change = CollectionSettingsChange(synonyms=[["a", "b"]])
    async with pool(database_url) as connections:
        async with library.database.unit_of_work(ADMIN) as unit:
            collection_id = await touch_collection(unit, "library")
            assert await find_settings(unit, collection_id) == CollectionSettings()
            # In a context of its own, as another request would be.
            waiting = asyncio.create_task(
                update_collection(
                    connections, NullCache(), ADMIN, "library", CollectionChange(settings=change)
                ),
                context=contextvars.Context(),
            )
            await asyncio.sleep(0.2)
            assert not waiting.done()
            await store_settings(unit, collection_id, CollectionSettings(stop_words=["the"]))
        updated = await waiting
    assert updated.settings == {"stop_words": ["the"], "synonyms": [["a", "b"]]}


async def test_documents_are_written_while_settings_change(library: Library, database_url: str) -> None:
    async with pool(database_url) as connections, connections.unit_of_work(ADMIN) as unit:
        await touch_collection(unit, "library")
        writing = asyncio.create_task(
            library.upsert(a_document("a", "A river.")), context=contextvars.Context()
        )
        assert await asyncio.wait_for(writing, 20) == {"a": WriteStatus.CREATED}
