"""The embedding queue, for the routes that write documents."""

from typing import Annotated

from fastapi import Depends, Request

from shared.queues.protocol import EmbedQueue


def _embed_queue(request: Request) -> EmbedQueue:
    queue: EmbedQueue = request.app.state.embed_queue
    return queue


OpenEmbedQueue = Annotated[EmbedQueue, Depends(_embed_queue)]
