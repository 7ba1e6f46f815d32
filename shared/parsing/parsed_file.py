"""What a file gives: its text, where its pages start, and what it tells of itself."""

from dataclasses import dataclass, field

type JsonValue = str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file's text in the manner of Markdown: headings as `# …`, tables as rows `| a | b |`.

    `page_starts` are the offsets in `body`, in Unicode code points, of each page's first character; a page
    without text starts where the next does. Formats without pages have none. `metadata` is what the file
    says of itself: `author`, `created`, `language` and the like, few and short.
    """

    title: str | None
    body: str
    page_starts: tuple[int, ...] = ()
    metadata: dict[str, JsonValue] = field(default_factory=dict)
