"""Where a laptop keeps its data, and its servers their sockets."""

import hashlib
import os
import tempfile
from pathlib import Path

# Git ignores it, wherever it is.
_IGNORE_ALL = "*\n"
# A socket's address may have about a hundred characters, on Linux and on macOS.
_LONGEST_FOLDER = 80


def laptop_folder() -> Path:
    """`.concord` in the current folder, made when it is missing."""
    folder = Path.cwd() / ".concord"
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text(_IGNORE_ALL)
    return folder


def socket_folder(folder: Path) -> Path:
    """`folder` itself, or a folder of the user's own in its place when its name is too long for sockets."""
    if len(os.fsencode(folder)) <= _LONGEST_FOLDER:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"concord-{os.getuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    return short
