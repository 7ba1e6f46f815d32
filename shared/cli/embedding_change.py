"""Starts a change of a collection's embedding model, waits for it, and tells of it."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

from shared.cli.api_client import ConcordApi
from shared.cli.progress import shrinking

_POLL_SECONDS = 0.5
# Workers end with their time: they are woken again.
_WAKE_SECONDS = 60.0


async def start_change(
    api: ConcordApi, collection: str, body: Mapping[str, Any], *, wait: bool
) -> dict[str, Any]:
    """The embedding as it is then; with `wait` once the new vectors are complete. Raises ApiError."""
    path = f"/v1/collections/{collection}/embedding"
    answer: dict[str, Any] = (await api.request("POST", path, body=dict(body)))["embedding"]
    woken = time.monotonic()
    with shrinking("chunks without a new vector") as left:
        while wait and answer["change"]["state"] == "backfilling":
            left(max(answer["chunks"] - answer["change"]["new_vectors"], 0))
            await asyncio.sleep(_POLL_SECONDS)
            if time.monotonic() - woken > _WAKE_SECONDS:
                await api.request("POST", path, body=dict(body))
                woken = time.monotonic()
            answer = await api.request("GET", path)
    return answer


def lines_of(report: Mapping[str, Any]) -> Iterator[str]:
    """One value to a line; those of something inside are set in."""
    for name, value in report.items():
        if isinstance(value, Mapping):
            yield f"{name}:"
            yield from (f"  {line}" for line in lines_of(value))
        else:
            yield f"{name}: {'-' if value is None else value}"
