"""The names callers give, as types for paths and bodies."""

from typing import Annotated

from pydantic import StringConstraints

from shared.domain.documents import ID_PATTERN

CollectionName = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
DocumentId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,63}$")]
