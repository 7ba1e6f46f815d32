"""Idempotency-Key: what is one, and how long its answer is kept."""

import hashlib
import re

KEPT_HOURS = 24
# Longer than API Gateway waits for any answer. What takes longer, on a laptop, may be overtaken, and fails.
LEASE_SECONDS = 30
# A larger answer is not kept: only that there was one.
MOST_ANSWER_BYTES = 256 * 1024
MOST_KEY_CHARACTERS = 255
_FORM = re.compile(rf"[\x21-\x7e]{{1,{MOST_KEY_CHARACTERS}}}")


def is_idempotency_key(text: str) -> bool:
    return _FORM.fullmatch(text) is not None


def fingerprint(method: str, path: str, query: str, body: bytes, *conditions: str) -> bytes:
    """What two requests have in common only if they are the same, also in the headers that are conditions."""
    parts = [method.encode(), path.encode(), query.encode(), body, *map(str.encode, conditions)]
    return hashlib.sha256(b"\0".join(parts)).digest()
