"""Folders that are the same whenever and wherever they are made, and how they are told apart."""

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Archives contain times and modes. This moment is one that a zip file can hold in every time zone.
_TIME = 946_684_800 + 86_400
_FILE_MODE = 0o644
_FOLDER_MODE = 0o755


@dataclass(frozen=True, slots=True)
class Contents:
    """What a folder holds: how many files, their bytes together, and a SHA-256 of paths and contents."""

    files: int
    bytes: int
    hash: str


def contents_of(folder: Path) -> Contents:
    """What is in the folder; nothing, when there is none."""
    digest = hashlib.sha256()
    paths = sorted(
        (path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()
    )
    total = 0
    for name, path in paths:
        content = path.read_bytes()
        total += len(content)
        digest.update(f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode())
    return Contents(len(paths), total, digest.hexdigest())


def copy_files(names: Iterable[str], source: Path, target: Path) -> None:
    """Copy files by their path inside `source` to the same path inside `target`."""
    for name in names:
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, copy)


def settle(folder: Path) -> None:
    """Give everything in the folder the same time and the same mode as always."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
        os.utime(path, (_TIME, _TIME))


def put_in_place(made: Path, target: Path) -> Contents:
    """Move a folder to `target`, unless what lies there is the same. Returns what `target` now holds."""
    settle(made)
    contents = contents_of(made)
    if contents_of(target) != contents:
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        made.rename(target)
    return contents
