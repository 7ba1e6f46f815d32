"""Give documents that SQL has written the chunks that they would have, had they come through the API."""

from collections.abc import Sequence

from shared.database.rows import EmbeddingJobRow
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories.interim_documents import InterimDocument, find_interim, find_their_collections

# Of bodies that are chunked in one unit of work.
CHARACTERS_PER_UNIT = 1_000_000


async def chunk_interim(
    database: Database, principal: Principal, claims: Sequence[EmbeddingJobRow]
) -> list[EmbeddingJobRow]:
    """Chunk those of the claimed documents that need it, and return the claims on the others.

    The former are to be claimed anew: nobody holds them any more.
    """
    async with database.unit_of_work(principal) as unit:
        interim = await find_interim(unit, claims)
        if not interim:
            return list(claims)
        collections = await find_their_collections(unit, interim)
    from shared.services.replace_interim_chunks import (  # noqa: PLC0415 - seldom needed, and slow to load
        replace_interim_chunks,
    )

    for documents in _groups([document for document in interim if document.collection_id in collections]):
        collection = collections[documents[0].collection_id]
        await replace_interim_chunks(database, principal, collection, documents)
    keys = {(document.collection_id, document.number) for document in interim}
    return [claim for claim in claims if (claim.collection_id, claim.document_number) not in keys]


def _groups(documents: Sequence[InterimDocument]) -> list[list[InterimDocument]]:
    """Documents of one collection each, of so many characters that other writers wait briefly."""
    groups: list[list[InterimDocument]] = []
    for document in documents:
        group = groups[-1] if groups else []
        characters = sum(len(other.body) for other in group) + len(document.body)
        is_alike = bool(group) and group[0].collection_id == document.collection_id
        if is_alike and characters <= CHARACTERS_PER_UNIT:
            group.append(document)
        else:
            groups.append([document])
    return groups
