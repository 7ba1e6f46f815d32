"""The queues, for the routes that write."""

from typing import Annotated

from fastapi import Depends, Request

from shared.queues.protocol import EmbedQueue, MaintainQueue, WriteQueues


async def _queues(request: Request) -> WriteQueues:
    queues: WriteQueues = request.app.state.queues
    return queues


async def _embed_queue(request: Request) -> EmbedQueue:
    queue: EmbedQueue = request.app.state.embed_queue
    return queue


async def _maintain_queue(request: Request) -> MaintainQueue:
    queue: MaintainQueue = request.app.state.maintain_queue
    return queue


OpenQueues = Annotated[WriteQueues, Depends(_queues)]
OpenEmbedQueue = Annotated[EmbedQueue, Depends(_embed_queue)]
OpenMaintainQueue = Annotated[MaintainQueue, Depends(_maintain_queue)]
