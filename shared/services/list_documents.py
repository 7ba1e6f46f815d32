"""Documents by id, a page at a time, as many as fit an answer."""

import json

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.sizes import MAX_REQUEST_BYTES
from shared.querying.filters import parse_filter
from shared.repositories import collections
from shared.repositories.document_lists import list_documents as list_stored
from shared.repositories.documents import StoredDocument, list_metadata_fields
from shared.services.gone_documents import read_gone
from shared.services.known_fields import refuse_unknown_fields

# Leaves room for what JSON has around the documents' own fields.
_ROOM = MAX_REQUEST_BYTES - 100_000
_BYTES_AROUND = 500


async def list_documents(
    database: Database,
    principal: Principal,
    collection: str,
    *,
    after: str,
    limit: int,
    filter_text: str | None,
) -> tuple[list[StoredDocument], bool]:
    """The documents after the id `after`, and whether there are more.

    Raises CollectionNotFound, InvalidFilter, UnknownField.
    """
    tree = None if filter_text is None else parse_filter(filter_text)
    async with database.unit_of_work(principal) as unit:
        found_collection = await collections.find_collection(unit, collection)
        if tree is not None:
            known = await list_metadata_fields(unit, collection)
            refuse_unknown_fields(tree, known)
        found = await list_stored(
            unit,
            found_collection.id,
            after=after,
            limit=limit + 1,
            room=_ROOM,
            tree=tree,
            gone=read_gone(found_collection.gone),
        )
    fitting = _fitting(found[:limit])
    return fitting, len(found) > len(fitting)


def _fitting(found: list[StoredDocument]) -> list[StoredDocument]:
    """As many documents, but one at least, as one answer may carry."""
    size = 0
    for position, document in enumerate(found):
        fields = [document.title, document.body, document.url, document.metadata, document.page_starts]
        size += len(json.dumps(fields, ensure_ascii=False).encode()) + _BYTES_AROUND
        if size > _ROOM and position > 0:
            return found[:position]
    return found
