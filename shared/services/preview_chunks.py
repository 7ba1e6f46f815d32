"""Show what a document would become, before it is stored."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from shared.chunking.bodies import chunk_document
from shared.chunking.token_estimate import estimate_tokens
from shared.database.units_of_work import Database
from shared.domain.chunks import Chunking
from shared.domain.documents import DocumentInput
from shared.domain.embedding_templates import embedded_chunk
from shared.domain.principals import Principal
from shared.repositories.collections import find_collection


class PreviewedChunk(NamedTuple):
    """A passage, where it stands in the body, and what is embedded of it with the estimate of its tokens."""

    text: str
    embedded_text: str
    tokens: int
    start: int
    end: int
    page: int | None
    heading: str | None


async def preview_chunks(
    database: Database,
    principal: Principal,
    collection: str,
    document: DocumentInput,
    *,
    chunking: Chunking | None,
    template: Sequence[str] | None,
) -> list[PreviewedChunk]:
    """The passages in order; what is None is as the collection has it. Raises CollectionNotFound."""
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
    chosen = chunking or Chunking(found.chunking)
    return await asyncio.to_thread(_preview, document, chosen, template or found.embedding_template)


def _preview(document: DocumentInput, chunking: Chunking, template: Sequence[str]) -> list[PreviewedChunk]:
    previewed = []
    is_given = document.vector is not None
    for chunk in chunk_document(document, chunking):
        # Of a document that brings its vector nothing is embedded.
        text = ""
        if not is_given:
            text = embedded_chunk(template, document.title, chunk, document.body, document.metadata)
        previewed.append(
            PreviewedChunk(
                text=document.body[chunk.start : chunk.end],
                embedded_text=text,
                tokens=estimate_tokens(text),
                start=chunk.start,
                end=chunk.end,
                page=chunk.page,
                heading=" > ".join(chunk.heading_path) or None,
            )
        )
    return previewed
