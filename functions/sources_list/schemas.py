from pydantic import BaseModel

from shared.http.source_answers import SourceAnswer


class SourceList(BaseModel):
    """A page of sources, by id; `cursor` asks for the next."""

    sources: list[SourceAnswer]
    cursor: str | None
