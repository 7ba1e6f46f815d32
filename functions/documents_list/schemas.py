from pydantic import BaseModel

from shared.http.document_answers import DocumentAnswer


class DocumentList(BaseModel):
    """A page of documents, by id; `cursor` asks for the next."""

    documents: list[DocumentAnswer]
    cursor: str | None
