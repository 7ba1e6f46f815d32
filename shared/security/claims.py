"""What the claims of a verified token make of its bearer: nothing that they do not say."""

import re
from collections.abc import Mapping
from typing import Any

from shared.config import JwtSettings
from shared.domain.principals import EVERY_COLLECTION, Permission, Principal
from shared.errors import Unauthenticated

MOST_VALUES = 200
# Beside the names of permissions: the bearer sees every document, whoever its readers are, and may write.
ALL_READERS = "readers:all"
_READING = frozenset({Permission.COLLECTIONS_READ, Permission.DOCUMENTS_READ, Permission.DOCUMENTS_SEARCH})
_LONGEST_READER = 128
_UNSAFE = re.compile(r"[^A-Za-z0-9._~:@+-]")


def principal_of(claims: Mapping[str, Any], settings: JwtSettings) -> Principal:
    """The bearer. Raises Unauthenticated when a claim is not what it has to be.

    A user with groups sees the documents of `user:<name>` and `group:<name>` and those of nobody in
    particular, and only reads.
    """
    user = claims.get(settings.jwt_user_claim)
    if not isinstance(user, str) or not user:
        raise _refused(settings.jwt_user_claim, "names no user")
    name = _reader("user", user, settings.jwt_user_claim)
    groups = _texts(claims, settings.jwt_groups_claim)
    listed = _words(claims, settings.jwt_permissions_claim)
    permissions = frozenset(Permission(word) for word in listed if word in set(Permission))
    sees_all = ALL_READERS in listed
    readers = (name, *(_reader("group", group, settings.jwt_groups_claim) for group in groups))
    return Principal(
        name=f"jwt:{name.removeprefix('user:')}",
        permissions=permissions if sees_all else permissions & _READING,
        collections=_collections(claims, settings),
        readers=None if sees_all else readers,
    )


def _collections(claims: Mapping[str, Any], settings: JwtSettings) -> tuple[str, ...]:
    if settings.jwt_collections_claim is None:
        return EVERY_COLLECTION
    words = _words(claims, settings.jwt_collections_claim)
    return EVERY_COLLECTION if "*" in words else tuple(words)


def _words(claims: Mapping[str, Any], claim: str) -> list[str]:
    """A list, or a text with spaces in between, as `scope` is."""
    value = claims.get(claim)
    return value.split() if isinstance(value, str) else _texts(claims, claim)


def _texts(claims: Mapping[str, Any], claim: str) -> list[str]:
    value = claims.get(claim)
    if value is None:
        return []
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise _refused(claim, "is no list of texts")
    if len(texts) > MOST_VALUES:
        raise _refused(claim, f"has more than {MOST_VALUES} values")
    return texts


def _reader(kind: str, name: str, claim: str) -> str:
    """As documents name it: of other characters each byte is written `=XX`, so that no two are alike."""
    try:
        reader = f"{kind}:{_UNSAFE.sub(_written_out, name)}"
    except UnicodeEncodeError:
        raise _refused(claim, "has half a character") from None
    if len(reader) > _LONGEST_READER:
        raise _refused(claim, "has a name that is too long")
    return reader


def _written_out(match: re.Match[str]) -> str:
    return "".join(f"={byte:02X}" for byte in match[0].encode())


def _refused(claim: str, why: str) -> Unauthenticated:
    return Unauthenticated(f"The token is not accepted: its claim {claim} {why}.")
