"""What keys are hashed with on a laptop: made once, and kept beside the data."""

import secrets
from contextlib import suppress
from pathlib import Path

_FILE = "key_hash_secret"


def laptop_key_secret(folder: Path) -> str:
    """The secret in the folder, for its owner's eyes alone. Of two processes that make it one wins."""
    path = folder / _FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / f"{_FILE}.{secrets.token_hex(4)}"
        made.touch(mode=0o600)
        made.write_text(secrets.token_hex(32), encoding="ascii")
        # A link is made whole, and only where there is none.
        with suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
    return path.read_text(encoding="ascii")
