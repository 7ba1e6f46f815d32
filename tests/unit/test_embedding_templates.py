import pytest
from pydantic import JsonValue, TypeAdapter, ValidationError

from shared.domain.chunks import Chunking
from shared.domain.documents import DocumentInput, hash_document
from shared.domain.embedding_templates import (
    DEFAULT_TEMPLATE,
    MAX_VALUE_CHARACTERS,
    EmbeddingTemplate,
    embedded_text,
)

METADATA: dict[str, JsonValue] = {
    "author": {"name": "Ada"},
    "tags": ["maths", 7, True, None, {"a": 1}, ["deep"]],
    "year": 1843,
    "draft": False,
    "long": "x" * 1000,
    "empty": "",
}


def embedded(*template: str, title: str | None = "Notes", headings: tuple[str, ...] = ("G", "H")) -> str:
    return embedded_text(template, title, headings, "It weaves.", METADATA)


def test_a_chunk_is_embedded_below_its_title_and_headings() -> None:
    assert embedded(*DEFAULT_TEMPLATE) == "Notes > G > H\nIt weaves."
    assert embedded(*DEFAULT_TEMPLATE, title=None, headings=()) == "It weaves."
    assert embedded_text(DEFAULT_TEMPLATE, "Notes", (), "", {}) == "Notes\n"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (("text",), "It weaves."),
        (("headings", "title", "text"), "G > H > Notes\nIt weaves."),
        (("text", "title"), "It weaves.\nNotes"),
        (("metadata.author.name", "text", "metadata.year"), "Ada\nIt weaves.\n1843"),
        (("metadata.tags", "text"), "maths, 7, true\nIt weaves."),
        (("metadata.draft", "text"), "false\nIt weaves."),
        (
            ("metadata.empty", "metadata.none", "metadata.year.deeper", "metadata.author", "text"),
            "It weaves.",
        ),
        (("metadata.long", "text"), "x" * MAX_VALUE_CHARACTERS + "\nIt weaves."),
    ],
)
def test_parts_stand_in_the_templates_order(template: tuple[str, ...], expected: str) -> None:
    assert embedded(*template) == expected


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ([], "at least 1 item"),
        (["title"], "must have text"),
        (["text", "text"], "twice"),
        (["text", "body"], "none of title"),
        (["text", "metadata."], "none of title"),
        (["text", "metadata.a..b"], "none of title"),
        (["text", "metadata." + "x" * 200], "200 characters"),
        (["text", "metadata.\x00"], "U+0000"),
        (["text", *(f"metadata.f{n}" for n in range(20))], "at most 20"),
    ],
)
def test_a_template_that_is_none_is_refused(template: list[str], message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace("+", r"\+")):
        TypeAdapter(EmbeddingTemplate).validate_python(template)


def test_a_document_has_another_text_where_metadata_that_is_embedded_differs() -> None:
    before = DocumentInput(id="a", body="b", metadata={"year": 1, "shelf": 1})
    moved = before.model_copy(update={"metadata": {"year": 1, "shelf": 2}})
    later = before.model_copy(update={"metadata": {"year": 2, "shelf": 1}})

    def text(document: DocumentInput, *template: str) -> bytes:
        return hash_document(document, Chunking.HEADINGS, template).text

    assert text(before, "text", "metadata.year") == text(moved, "text", "metadata.year")
    assert text(before, "text", "metadata.year") != text(later, "text", "metadata.year")
    assert text(before, "text") == text(later, "text")
    assert text(before, "text") != text(before, *DEFAULT_TEMPLATE)
