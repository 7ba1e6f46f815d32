"""A collection with everything that a bundle carries, and searches that tell two of them apart."""

from typing import Any

from pydantic import TypeAdapter

from shared.domain.collection_settings import CollectionSettingsChange
from shared.domain.documents import DocumentInput
from shared.domain.new_collections import Ttl
from tests.builders.documents import a_document
from tests.builders.embedding_state import sections
from tests.builders.library import Library
from tests.builders.twenty_documents import DOCUMENTS, SETTINGS

LONG = a_document(
    "long", "\n\n".join(sections(4)), title="Rivers and stations", page_starts=[0, 300], metadata={"price": 7}
)
TIMES = "SELECT DISTINCT expires_at IS NOT NULL, expires_by_ttl FROM concord.document"
# What is asked, and how; every mode, what settings change, filters, facets, groups, sorting, passages.
SEARCHES: list[tuple[str, dict[str, Any]]] = [
    *(
        (query, {"mode": mode})
        for mode in ("keyword", "semantic", "hybrid")
        for query in ("storm shelter", "torch", "candle", "present", "evenings", "glacier railway")
    ),
    ("*", {"sort": ["price:desc"], "limit": 30}),
    ("*", {"facets": ["brand", "tags", "price"], "limit": 5}),
    ("tent", {"filter": 'brand = "Norda"', "facets": ["tags"]}),
    ("tent", {"filter": "price < 400 AND EXISTS maker"}),
    ("tent", {"group_by": "brand", "group_size": 2}),
    ('"two climbers"', {"mode": "keyword"}),
    ("shelter -gales", {}),
    ("climbrs", {"mode": "keyword"}),
    ("lant", {"mode": "keyword", "prefix": True}),
    ("rope knots", {"passages": 3, "snippet_words": 8}),
    ("rivers", {"passages": 4, "explain": True}),
    ("light for reading", {"fusion": "rrf", "explain": True}),
    ("light for reading", {"fusion": "min_max", "include_fields": ["body", "created_at", "updated_at"]}),
    ("gift", {"boosts": [{"field": "price", "half": 100}], "min_score": 0.1}),
]  # fmt: skip


async def fill(library: Library) -> None:
    """Documents that came, changed and went, embedded, with synonyms, pins and stop words."""
    documents = TypeAdapter(list[DocumentInput]).validate_python(DOCUMENTS)
    await library.configure(CollectionSettingsChange.model_validate(SETTINGS))
    await library.upsert(a_document("gone", "Nobody will find this."), *documents[10:])
    await library.upsert(LONG.model_copy(update={"body": "Rivers."}), *documents[:10])
    await library.upsert(LONG)
    await library.delete("gone")
    # Some expire at a time of their own, some by the collection's, and some never.
    await library.reshape(ttl=Ttl(600))
    await library.upsert(*documents[5:10])
    await library.change(
        documents[3].id, expires_at="2036-01-31T12:00:00Z", readers=["group:eng", "user:ada"]
    )
    await library.change(documents[4].id, readers=[])
    await library.embed()


async def answers(library: Library) -> list[dict[str, Any]]:
    """What the searches find, without the time they took."""
    return [
        (await library.search(query, **how)).model_dump(mode="json", exclude={"took_ms", "usage"})
        for query, how in SEARCHES
    ]
