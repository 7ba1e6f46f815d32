"""Entity tags: `"<version>-<digest>"`, the version of what is stored and a digest of how it was shown.

A version is the time of the last write, of which no two have the same. What is shown may change without
one, as when an embedding lands: then the digest is another and the version is not.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shared.errors import PreconditionFailed

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_DIGEST_CHARACTERS = 16
# RFC 9110, section 8.8.3.
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_PLACE = '"'


def version_of(updated_at: datetime) -> str:
    return f"{(updated_at - _BEGINNING) // timedelta(microseconds=1):x}"


def entity_tag(updated_at: datetime, shown: bytes) -> str:
    digest = hashlib.sha256(shown).hexdigest()[:_DIGEST_CHARACTERS]
    return f'"{version_of(updated_at)}-{digest}"'


class ListedTag(NamedTuple):
    opaque: str
    is_weak: bool


def listed_tags(header: str) -> list[ListedTag]:
    """The tags in an If-Match or If-None-Match. Raises ValueError when that is no list of them."""
    found = _TAG.findall(header)
    parts = [part.strip(" \t") for part in _TAG.sub(_PLACE, header).split(",")]
    # A list may have empty parts. A quote that belongs to no tag makes one place too many.
    places = [part for part in parts if part]
    if not found or places != [_PLACE] * len(found):
        raise ValueError("no list of entity tags")
    return [ListedTag(opaque, bool(weak)) for weak, opaque in found]


class Expected(NamedTuple):
    """The versions that a write is meant for; None is any."""

    versions: frozenset[str] | None

    def refuse_other(self, updated_at: datetime) -> None:
        """Raises PreconditionFailed unless what is stored is of one of these versions."""
        if self.versions is not None and version_of(updated_at) not in self.versions:
            message = "is not the tag of what is stored; read it again"
            raise PreconditionFailed(details=[{"field": "if-match", "message": message}])


ANY_VERSION = Expected(None)


def expected_in(header: str) -> Expected:
    """What an If-Match asks for, in which a weak tag matches nothing. Raises ValueError."""
    if header.strip(" \t") == "*":
        return ANY_VERSION
    tags = listed_tags(header)
    return Expected(frozenset(tag.opaque.partition("-")[0] for tag in tags if not tag.is_weak))


class Known(NamedTuple):
    """The tags of what a caller has, without their quotes; None is whatever there is."""

    tags: frozenset[str] | None

    def has(self, tag: str) -> bool:
        return self.tags is None or tag.strip(_PLACE) in self.tags


def known_in(header: str) -> Known:
    """What an If-None-Match names, in which weak tags are as good as strong ones. Raises ValueError."""
    if header.strip(" \t") == "*":
        return Known(None)
    return Known(frozenset(tag.opaque for tag in listed_tags(header)))
