"""The twenty documents of an outfitter: few enough to say by hand what every search has to find."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.builders.events import http_event
from tests.builders.functions import Functions

OUTFITTER = "/v1/collections/outfitter"
OSLO, BERGEN = {"lat": 59.91, "lng": 10.75}, {"lat": 60.39, "lng": 5.32}
MADRID, BERLIN = {"lat": 40.42, "lng": -3.7}, {"lat": 52.52, "lng": 13.4}
TAVEUNI = {"lat": -16.8, "lng": -179.97}
NORWAY = {"name": "Norda AS", "country": "NO"}
SPAIN = {"name": "Camposol SA", "country": "ES"}
GERMANY = {"name": "Brandt GmbH", "country": "DE"}
KNOTS = """# Bowline

A loop at the end of a rope that never slips.

# Clove hitch

Ties a line to a post in a moment.

# Sheet bend

Joins two cords, however thick they are."""

# id, title, body, kind, brand, price, tags, maker, released, store
_ROWS: list[tuple[str, str, str, str, str, int, list[str], dict[str, str], str, dict[str, float]]] = [
    ("alpine-tent", "Alpine Tent",
     "A storm-proof shelter for two climbers. Its poles bend in gales and do not break.",
     "tent", "Norda", 420, ["winter", "climbing"], NORWAY, "2024-11-05", OSLO),
    ("family-tent", "Family Tent",
     "Six people sleep in two rooms. Children like the window in its roof.",
     "tent", "Camposol", 380, ["summer", "family"], SPAIN, "2023-04-12", MADRID),
    ("trail-tent", "Trail Tent",
     "The lightest shelter we make, packed as small as a bottle of wine.",
     "tent", "Norda", 290, ["summer", "hiking"], NORWAY, "2025-03-01T00:30:00+02:00", BERGEN),
    ("gas-stove", "Gas Stove",
     "Boils a litre of water in three minutes. Runs on cartridges of butane.",
     "stove", "Fuego", 45, ["cooking", "summer"], SPAIN, "2022-06-01", MADRID),
    ("wood-stove", "Wood Stove",
     "Burns twigs and cones. Nobody has to carry fuel, and the smoke keeps mosquitoes away.",
     "stove", "Norda", 60, ["cooking", "winter"], NORWAY, "2021-10-20", OSLO),
    ("spirit-stove", "Spirit Stove",
     "No pump, no valve, no noise: alcohol burns in a cup of brass.",
     "stove", "Brandt", 25, ["cooking", "hiking"], GERMANY, "2020-02-29", BERLIN),
    ("leather-boots", "Leather Boots",
     "Stitched by hand, soled anew as often as you like. Wax them once a month.",
     "boots", "Brandt", 210, ["hiking"], GERMANY, "2019-09-09", BERLIN),
    ("winter-boots", "Winter Boots",
     "Felt inside, rubber outside. Feet stay warm in snow at minus thirty degrees.",
     "boots", "Norda", 180, ["winter"], NORWAY, "2024-09-30", OSLO),
    ("kids-boots", "Boots for Kids",
     "Soft, washable, closed without laces. They light up in red with every step.",
     "boots", "Camposol", 70, ["family", "hiking"], SPAIN, "2023-08-15", MADRID),
    ("head-lamp", "Head Lamp",
     "Shines a hundred metres ahead and leaves your hands free in the dark.",
     "lamp", "Brandt", 55, ["climbing", "hiking"], GERMANY, "2025-01-10", BERLIN),
    ("lantern", "Camp Lantern",
     "A candle behind glass, for long evenings at the table.",
     "lamp", "Fuego", 30, ["family"], SPAIN, "2022-12-01", MADRID),
    ("down-bag", "Down Sleeping Bag",
     "Goose feathers against arctic nights. Comfortable at minus twenty degrees.",
     "bag", "Norda", 350, ["winter"], NORWAY, "2024-11-05", BERGEN),
    ("summer-bag", "Summer Sleeping Bag",
     "Thin cotton for warm nights. Two of them zip together.",
     "bag", "Camposol", 90, ["summer", "family"], SPAIN, "2023-05-01", MADRID),
    ("knot-book", "Knots", KNOTS,
     "book", "Atlas", 20, ["climbing"], GERMANY, "2018-01-01", BERLIN),
    ("mushroom-book", "Mushrooms",
     "Which fungi you may eat and which are poisonous, with recipes for the good ones.",
     "book", "Atlas", 24, ["cooking", "hiking"], GERMANY, "2021-03-03", BERLIN),
    ("star-book", "The Night Sky",
     "Planets and constellations through the year. The cover is washable. A red torch saves your eyes.",
     "book", "Atlas", 28, ["family"], GERMANY, "2022-02-02", BERLIN),
    ("gravel-bike", "Gravel Bicycle",
     "Carbon frame, wide tyres, twelve gears. Made for forest roads.",
     "bicycle", "Brandt", 1900, [], GERMANY, "2025-02-14", BERLIN),
    ("cargo-bike", "Cargo Bicycle",
     "An electric motor, a bench and belts for two children, room for the groceries.",
     "bicycle", "Camposol", 3200, ["family"], SPAIN, "2024-05-05", MADRID),
]  # fmt: skip

# What only some documents have.
_MORE: dict[str, dict[str, Any]] = {
    "leather-boots": {"sizes": [{"eu": 42, "stock": 0}, {"eu": 43, "stock": 7}]},
    "winter-boots": {"sizes": [{"eu": 41, "stock": 2}]},
    "kids-boots": {"sizes": [{"eu": 30, "stock": 9}, {"eu": 31, "stock": 0}]},
}
_ODD_ONES = [
    {
        "id": "whistle",
        "title": "Whistle",
        "body": "Heard two kilometres away when you need help.",
        "metadata": {"kind": "signal", "brand": None, "price": 5, "draft": True, "store": TAVEUNI},
    },
    {
        "id": "gift-card",
        "title": "Gift Card",
        "body": "Let them choose a present for themselves.",
        "metadata": {"kind": "voucher", "price": "any"},
    },
]
DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": id_,
        "title": title,
        "body": body,
        "metadata": {
            "kind": kind, "brand": brand, "price": price, "tags": tags, "maker": maker, "released": released,
            "store": store, **_MORE.get(id_, {}),
        },
    }
    for id_, title, body, kind, brand, price, tags, maker, released, store in _ROWS
] + _ODD_ONES  # fmt: skip

SETTINGS: dict[str, Any] = {
    "synonyms": [["torch", "lamp"], {"from": "candle", "to": ["lamp"]}, ["bike", "bicycle"]],
    "stop_words": ["year"],
    "pins": [
        {"query": "present", "documents": ["whistle", "gift-card"]},
        {"query": "boots", "documents": ["whistle"]},
        {"query": "evenings", "match": "contains", "documents": ["star-book"], "hidden": ["lantern"]},
    ],
}


@contextmanager
def open_outfitter() -> Iterator[Functions]:
    """The functions, with the documents stored and embedded in the collection `outfitter`.

    They read the environment, which has to name a database without rows and the embedding model.
    """
    functions = Functions()
    try:
        collection = {"name": "outfitter", "settings": SETTINGS}
        created = functions("collections_create", http_event("POST", "/v1/collections", collection))
        assert created["statusCode"] == 201, created
        body = json.dumps({"documents": DOCUMENTS})
        stored = functions("documents_upsert", http_event("POST", f"{OUTFITTER}/documents", body))
        assert stored["body"]["errors"] == 0, stored
        functions.process("chunks_embed", {"schedule": "now"})
        yield functions
    finally:
        functions.close()


def search(outfitter: Functions, q: str, **request: Any) -> dict[str, Any]:
    """The answer to a search, which has to be one."""
    found = outfitter("documents_search", http_event("POST", f"{OUTFITTER}/search", {"q": q, **request}))
    assert found["statusCode"] == 200, found
    body: dict[str, Any] = found["body"]
    return body


def ids(found: dict[str, Any]) -> list[str]:
    return [hit["document"]["id"] for hit in found["hits"]]
