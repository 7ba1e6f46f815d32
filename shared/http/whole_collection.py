"""How a collection looks to callers who ask for it alone."""

from pydantic import ConfigDict
from pydantic.config import JsonDict

from shared.domain.collection_settings import CollectionSettings
from shared.http.collection_answers import EXAMPLE, CollectionAnswer

_EXAMPLE_SETTINGS: JsonDict = {
    "synonyms": [["tv", "television"], {"from": "phone", "to": ["iphone", "galaxy s"]}],
    "stop_words": ["please"],
    "pins": [{"query": "return policy", "match": "exact", "documents": ["guide:returns"], "hidden": []}],
    "field_weights": {"title": 2, "body": 1},
}


class CollectionWithSettings(CollectionAnswer):
    """A collection, and what was set for its searches."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**EXAMPLE, "settings": _EXAMPLE_SETTINGS}]},
    )

    settings: CollectionSettings
