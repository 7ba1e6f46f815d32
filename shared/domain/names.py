"""The names callers give, as types for paths and bodies."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

ID_PATTERN = r"^[A-Za-z0-9._~:@=+-]{1,256}$"
ID_RULE = "An id has 1 to 256 characters of A-Z a-z 0-9 . _ ~ : @ = + -"

CollectionName = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
DocumentId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
KeyId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,63}$")]

MAX_READERS = 1_000
# Of the characters that ids of documents have, so that each can stand in a list of a file without quotes.
Reader = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~:@=+-]{1,128}$")]


def _once_each(readers: list[str]) -> list[str]:
    return sorted(set(readers))


Readers = Annotated[
    list[Reader],
    Field(
        max_length=MAX_READERS,
        description="Users and groups, as in `user:ada`, who alone find the document of those that keys and"
        " tokens with readers are for; nobody when empty. Null is everybody. Without it the document keeps"
        " those it has.",
    ),
    AfterValidator(_once_each),
]
