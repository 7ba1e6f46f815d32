"""The caller's key."""

import os


def api_key() -> str | None:
    """CONCORD_API_KEY: an option would show it in the list of processes."""
    return os.environ.get("CONCORD_API_KEY") or None
