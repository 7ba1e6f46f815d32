"""Imports of whole files: uploaded, followed to their end, and their errors told by line."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.cli.api_client import ConcordApi

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_OVER = {"done", "failed", "cancelled"}
_ERRORS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class FileToImport:
    """A file that the API reads itself, as ndjson, csv or file; of its `name` its id is made."""

    source: str
    path: Path
    name: str
    format: str


@dataclass(frozen=True, slots=True)
class ImportChoices:
    """How items are read: see DirtyPolicy; `id_field` names the one that has the id."""

    policy: str = "reject"
    dry_run: bool = False
    id_field: str | None = None

    @property
    def are_plain(self) -> bool:
        return self == ImportChoices()


async def import_file(
    api: ConcordApi,
    collection: str,
    file: FileToImport,
    choices: ImportChoices,
    on_progress: Callable[[dict[str, Any]], None],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The import at its end, and its errors by line; `on_progress` gets it as it goes.

    Raises ApiError, ApiUnreachable, OSError when the file cannot be read.
    """
    asked: dict[str, Any] = {
        "format": file.format,
        "name": file.name,
        "policy": choices.policy,
        "dry_run": choices.dry_run,
        "size": await asyncio.to_thread(os.path.getsize, file.path),
    }
    if choices.id_field is not None and file.format != "file":
        asked["id_field"] = choices.id_field
    path = f"/v1/collections/{collection}/imports"
    created = await api.request("POST", path, body=asked)
    await api.upload(created["upload"], file.path)
    address = f"{path}/{created['import']['id']}"
    pause = _FIRST_PAUSE
    while True:
        found = await api.request("GET", f"{address}?limit=1")
        on_progress(found)
        if found["state"] in _OVER:
            return found, await _errors(api, address)
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


async def _errors(api: ConcordApi, address: str) -> list[dict[str, Any]]:
    errors: list[dict[str, Any]] = []
    while True:
        after = errors[-1]["line"] if errors else 0
        page = await api.request("GET", f"{address}?limit={_ERRORS_AT_ONCE}&errors_after={after}")
        errors += page["errors"]
        if not page["more_errors"]:
            return errors
