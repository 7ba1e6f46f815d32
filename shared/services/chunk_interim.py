"""Give documents that SQL has written the chunks that they would have, had they come through the API."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from shared.database.rows import EmbeddingJobRow
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories.interim_documents import find_interim, find_their_collections


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
    # Seldom needed, and slow to load.
    from shared.services.index_documents import groups_of  # noqa: PLC0415 - see above
    from shared.services.replace_interim_chunks import replace_interim_chunks  # noqa: PLC0415 - see above

    living = [document for document in interim if document.collection_id in collections]
    for collection_id, documents in groupby(living, key=attrgetter("collection_id")):
        for group in groups_of(documents):
            await replace_interim_chunks(database, principal, collections[collection_id], group)
    keys = {(document.collection_id, document.number) for document in interim}
    return [claim for claim in claims if (claim.collection_id, claim.document_number) not in keys]
