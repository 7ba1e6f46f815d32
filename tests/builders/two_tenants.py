"""Two tenants: Acme, who asks, and Globex, of whom Acme must not hear."""

from shared.database.units_of_work import Database
from shared.domain.documents import DocumentInput
from shared.domain.principals import Permission, Principal
from shared.embeddings.protocol import Embedder
from tests.builders.library import Library

READ_ONLY = frozenset({Permission.DOCUMENTS_READ, Permission.DOCUMENTS_SEARCH, Permission.COLLECTIONS_READ})
# Sees its own documents and everybody's in collections that both share.
ACME = Principal("acme", READ_ONLY, ("shared*",), readers=("group:acme", "user:ada"))
# Sees the same by a filter that its token has.
ACME_BY_FILTER = Principal(
    "acme-by-filter", READ_ONLY, ("shared*",), filter='NOT kind = "magentaplan" AND NOT globex_budget > 0'
)
# Enters collections of its own and no other.
ACME_BY_NAME = Principal("acme-by-name", frozenset(Permission), collections=("acme_*",))
NOBODY = Principal("nobody", READ_ONLY, collections=(), readers=())

# Each stands in what only Globex may read: a word, a title, an id, an address, a field, values, a heading.
CANARIES = (
    "zirconquokka",
    "Heliotrope",
    "globex:secret",
    "globex.example",
    "globex_budget",
    "magentaplan",
    "7041923",
    "Quicksilver",
)

HIDDEN = [
    DocumentInput(
        id=f"globex:secret{number}",
        title="Project Heliotrope",
        body=f"# Quicksilver\n\nThe zirconquokka merger of harbours and boats, part {number}, is a secret.",
        url="https://globex.example/merger",
        metadata={"kind": "magentaplan", "globex_budget": 7041923, "year": 2026},
        readers=["group:globex"],
    )
    for number in range(3)
] + [
    DocumentInput(
        id="globex:secret-of-nobody",
        # Mistyped as Acme may: whoever knew this word would not correct it.
        body="A zirconquokka in the harbour, or harbuor.",
        metadata={"kind": "magentaplan"},
        readers=[],
    )
]
SHOWN = [
    DocumentInput(
        id="acme:boats",
        title="Boats",
        body="# Boats\n\nOur boats lie in the harbour of the old town. Zircons are mined elsewhere.",
        metadata={"kind": "note", "year": 2024},
        readers=["group:acme"],
    ),
    DocumentInput(
        id="acme:harbour",
        title="Harbours",
        body="The harbour master keeps a list of every boat.",
        metadata={"kind": "note", "year": 2025},
        readers=["group:other", "user:ada"],
    ),
    DocumentInput(
        id="everybody",
        title="Tides",
        body="High tide is at noon in the harbour.",
        metadata={"kind": "public"},
    ),
]


async def shared_library(
    database: Database, embedder: Embedder, *, with_hidden: bool, name: str = "shared"
) -> Library:
    """A collection of both, embedded; without what Acme may not read it is what Acme must see."""
    library = Library(database, embedder, name)
    await library.create()
    await library.upsert(*SHOWN)
    if with_hidden:
        await library.upsert(*HIDDEN)
    await library.embed()
    return library


async def collections_by_name(database: Database, embedder: Embedder) -> None:
    """One of each tenant, with the same ids in both."""
    for name, body in (("acme_notes", "A note on boats."), ("globex_notes", "The zirconquokka merger.")):
        library = Library(database, embedder, name)
        await library.create()
        await library.upsert(DocumentInput(id="note", body=body, metadata={"kind": name}))
        await library.embed()


def canaries_in(text: str) -> set[str]:
    return {canary for canary in CANARIES if canary.lower() in text.lower()}
