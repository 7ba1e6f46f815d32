"""What of a document is embedded with each of its chunks, and in which order."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue

from shared.domain.chunks import Chunk
from shared.domain.texts import storable_text

TITLE, HEADINGS, TEXT = DEFAULT_TEMPLATE = ("title", "headings", "text")
METADATA = "metadata."
MAX_PARTS = 20
MAX_PART_CHARACTERS = 200
# Of one metadata field: what is said of a document must not crowd out the chunk itself.
MAX_VALUE_CHARACTERS = 500


def _known_parts(template: list[str]) -> list[str]:
    for part in template:
        storable_text(part)
        is_field = part.startswith(METADATA) and all(part.split("."))
        if part not in DEFAULT_TEMPLATE and not is_field:
            raise ValueError(f"{part!r} is none of title, headings, text, metadata.<field>")
        if len(part) > MAX_PART_CHARACTERS:
            raise ValueError(f"a part may have {MAX_PART_CHARACTERS} characters at most")
    if TEXT not in template:
        raise ValueError("must have text, the chunk's own")
    if len(set(template)) < len(template):
        raise ValueError("must not name a part twice")
    return template


EmbeddingTemplate = Annotated[
    list[str],
    Field(
        min_length=1,
        max_length=MAX_PARTS,
        description="What is embedded, in order: title, headings, text (the chunk's own), metadata.<field>.",
        examples=[["title", "metadata.author", "headings", "text"]],
    ),
    AfterValidator(_known_parts),
]


def embedded_text(
    template: Sequence[str],
    title: str | None,
    chunk_headings: Sequence[str],
    text: str,
    metadata: Mapping[str, JsonValue],
) -> str:
    """What is embedded for a chunk: its text in a line of its own, its context before or after.

    Only the text is shown. What a document does not have is left out.
    """
    place = template.index(TEXT)
    before, after = (
        " > ".join(
            value for part in parts for value in _values(part, title, chunk_headings, metadata) if value
        )
        for parts in (template[:place], template[place + 1 :])
    )
    with_context = f"{before}\n{text}" if before else text
    return f"{with_context}\n{after}" if after else with_context


def embedded_chunk(
    template: Sequence[str], title: str | None, chunk: Chunk, body: str, metadata: Mapping[str, JsonValue]
) -> str:
    """`embedded_text` of a chunk of `body`."""
    return embedded_text(template, title, chunk.heading_path, body[chunk.start : chunk.end], metadata)


def embedded_metadata(template: Sequence[str], metadata: Mapping[str, JsonValue]) -> list[str]:
    """The values of metadata that are embedded with each chunk, in the template's order."""
    return [_field_value(part, metadata) for part in template if part.startswith(METADATA)]


def _values(
    part: str, title: str | None, chunk_headings: Sequence[str], metadata: Mapping[str, JsonValue]
) -> Sequence[str]:
    if part == TITLE:
        return [title or ""]
    if part == HEADINGS:
        return chunk_headings
    return [_field_value(part, metadata)]


def _field_value(part: str, metadata: Mapping[str, JsonValue]) -> str:
    value: JsonValue = dict(metadata)
    for name in part.removeprefix(METADATA).split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return ", ".join(_scalars(value))[:MAX_VALUE_CHARACTERS]


def _scalars(value: JsonValue) -> Iterator[str]:
    """A text, number or truth value as it is written, and those of a list."""
    match value:
        case bool():
            yield "true" if value else "false"
        case str() | int() | float():
            yield str(value)
        case list():
            for item in value:
                if not isinstance(item, list):
                    yield from _scalars(item)
