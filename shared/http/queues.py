"""The queues, for the routes that write."""

from typing import Annotated

from fastapi import Depends, Request

from shared.queues.protocol import MaintainQueue, WriteQueues


async def _queues(request: Request) -> WriteQueues:
    queues: WriteQueues = request.app.state.queues
    return queues


async def _maintain_queue(request: Request) -> MaintainQueue:
    queue: MaintainQueue = request.app.state.maintain_queue
    return queue


OpenQueues = Annotated[WriteQueues, Depends(_queues)]
OpenMaintainQueue = Annotated[MaintainQueue, Depends(_maintain_queue)]
