from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel

from shared.http.document_answers import DocumentAnswer
from shared.http.paging import encode_cursor
from shared.repositories.documents import StoredDocument


class DocumentList(BaseModel):
    """A page of documents, by id; `cursor` asks for the next."""

    documents: list[DocumentAnswer]
    cursor: str | None

    @classmethod
    def page(cls, found: Sequence[StoredDocument], more: bool) -> Self:
        """These documents, with a cursor when there are more."""
        return cls(
            documents=[DocumentAnswer.model_validate(item) for item in found],
            cursor=encode_cursor(found[-1].id) if more else None,
        )
