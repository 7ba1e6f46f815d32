"""The queue of sources_fetch, for the routes that have a source refreshed."""

from typing import Annotated

from fastapi import Depends, Request

from shared.queues.fetch_queue import FetchQueue


async def _fetch_queue(request: Request) -> FetchQueue:
    queue: FetchQueue = request.app.state.fetch_queue
    return queue


OpenFetchQueue = Annotated[FetchQueue, Depends(_fetch_queue)]
