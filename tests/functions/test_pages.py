"""Pages of a document: given with it, cited by its passages, kept as long as its body is."""

from typing import Any

import pytest

from tests.builders.events import answer, http_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert
from tests.functions.test_documents import UNCACHED, get, items, list_, patch, shown

FIRST, SECOND, THIRD = "# Rivers\n\nThey flow.\n\n", "# Hills\n\nThey stand.\n\n", "# Seas\n\nThey wait."
BODY = FIRST + SECOND + THIRD
PAGES = [0, len(FIRST), len(FIRST) + len(SECOND)]
DOCUMENT = {"id": "land", "body": BODY, "page_starts": PAGES}


def cited(functions: Functions) -> list[tuple[str, int | None]]:
    asked = {"q": "they flow stand wait", "mode": "keyword", "passages": 5}
    event = http_event("POST", "/v1/collections/guides/search", asked)
    [hit] = functions("documents_search", event)["body"]["hits"]
    return sorted((passage["heading"], passage["page"]) for passage in hit["passages"])


def test_a_passage_is_cited_by_its_page(functions: Functions, guides: Upsert) -> None:
    assert guides(DOCUMENT, {"id": "plain", "body": "Nothing else."}) == items(
        ("land", "created"), ("plain", "created")
    )
    assert cited(functions) == [("Hills", 2), ("Rivers", 1), ("Seas", 3)]
    expected = shown("land", body=BODY, page_starts=PAGES, embedding_state="pending")
    assert get(functions, "land") == answer(200, expected, **UNCACHED)
    assert [document["page_starts"] for document in list_(functions)["body"]["documents"]] == [PAGES, []]


def test_other_pages_change_what_is_cited_and_embed_nothing_anew(
    functions: Functions, guides: Upsert
) -> None:
    guides({"id": "land", "body": BODY})
    assert cited(functions) == [("Hills", None), ("Rivers", None), ("Seas", None)]
    assert guides(DOCUMENT) == items(("land", "updated"))
    assert guides(DOCUMENT) == items(("land", "unchanged"))
    assert cited(functions) == [("Hills", 2), ("Rivers", 1), ("Seas", 3)]
    assert patch(functions, "land", {"page_starts": [0, 0, 0]})["body"]["page_starts"] == [0, 0, 0]
    assert cited(functions) == [("Hills", 3), ("Rivers", 3), ("Seas", 3)]
    assert patch(functions, "land", {"page_starts": []})["body"]["page_starts"] == []
    assert cited(functions) == [("Hills", None), ("Rivers", None), ("Seas", None)]


def test_another_body_has_no_pages_unless_they_are_named_with_it(
    functions: Functions, guides: Upsert
) -> None:
    guides(DOCUMENT)
    assert patch(functions, "land", {"title": "Land", "body": BODY})["body"]["page_starts"] == PAGES
    assert patch(functions, "land", {"metadata": {"n": 1}})["body"]["page_starts"] == PAGES
    changed = patch(functions, "land", {"body": "New.", "page_starts": [0, 4]})
    assert (changed["body"]["body"], changed["body"]["page_starts"]) == ("New.", [0, 4])
    changed = patch(functions, "land", {"body": "Newer."})
    assert (changed["body"]["body"], changed["body"]["page_starts"]) == ("Newer.", [])


@pytest.mark.parametrize(
    ("page_starts", "message"),
    [
        ([1], "the first page must start at 0"),
        ([0, 5, 4], "must not descend"),
        ([0, len(BODY) + 1], f"must be within the body, which has {len(BODY)} characters"),
        ([0] * 10_000, "at most 9999 items"),
        ([0, "1"], "valid integer"),
        ("0", "valid list"),
    ],
)
def test_what_no_pages_can_be(
    functions: Functions, guides: Upsert, page_starts: object, message: str
) -> None:
    refused = guides({"id": "land", "body": BODY, "page_starts": page_starts})
    assert refused["statusCode"] == 422
    [detail] = refused["body"]["error"]["details"]
    assert detail["field"].startswith("page_starts")
    assert message in detail["message"]
    guides({"id": "land", "body": BODY})
    refused = patch(functions, "land", {"page_starts": page_starts})
    assert refused["statusCode"] == 422
    [detail] = refused["body"]["error"]["details"]
    assert detail["field"].startswith("page_starts")
    assert message in detail["message"]


def test_a_body_that_is_refused_is_what_is_told(guides: Upsert) -> None:
    refused: dict[str, Any] = guides({"id": "land", "body": "\x00", "page_starts": [0, 9]})
    assert [detail["field"] for detail in refused["body"]["error"]["details"]] == ["body"]
