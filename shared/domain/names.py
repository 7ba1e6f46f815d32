"""The names callers give, as types for paths and bodies."""

from typing import Annotated

from pydantic import StringConstraints

ID_PATTERN = r"^[A-Za-z0-9._~:@=+-]{1,256}$"
ID_RULE = "An id has 1 to 256 characters of A-Z a-z 0-9 . _ ~ : @ = + -"

CollectionName = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
DocumentId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,63}$")]
