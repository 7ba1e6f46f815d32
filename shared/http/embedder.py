"""The embedder, for the routes that embed."""

from typing import Annotated

from fastapi import Depends, Request

from shared.embeddings.protocol import Embedder


async def _embedder(request: Request) -> Embedder:
    embedder: Embedder = request.app.state.embedder
    return embedder


OpenEmbedder = Annotated[Embedder, Depends(_embedder)]
