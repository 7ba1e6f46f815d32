from pydantic import BaseModel

from shared.http.collection_answers import CollectionAnswer


class CollectionList(BaseModel):
    """A page of collections, by name; `cursor` asks for the next."""

    collections: list[CollectionAnswer]
    cursor: str | None
