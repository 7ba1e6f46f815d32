"""The READMEs of the Python packages installed beside Concord: real documents that everybody has."""

import importlib.metadata
import re
from collections.abc import Iterator
from email.message import Message
from typing import Any

from shared.cli.document_ids import document_id
from shared.cli.document_sources import SourcedDocument

# As much of each README as keeps the demo short: what a package is for stands at its beginning.
README_CHARACTERS = 2_000
_KEYWORDS = 20
# Badges, logos and layout: lines that begin with an image, a link around one, a tag or a directive.
_DECORATION = re.compile(r"^\s*(\[?!\[|<[^>]*>|\.\. (image|\|)|:(alt|target|height|width):)")


def installed_readmes() -> Iterator[SourcedDocument]:
    """One document per installed package, by name, with the beginning of its README as its body."""
    distributions = {
        distribution.metadata["Name"].lower(): distribution
        for distribution in importlib.metadata.distributions()
    }
    for name, distribution in sorted(distributions.items()):
        yield SourcedDocument(name, package_document(name, distribution.metadata))


def package_document(name: str, metadata: Message) -> dict[str, Any]:
    """A package's metadata as a document."""
    summary = metadata.get("Summary")
    return {
        "id": document_id(name),
        "title": f"{name}: {summary}" if summary and summary != "UNKNOWN" else name,
        "body": without_decoration(_description(metadata))[:README_CHARACTERS],
        "url": _home_page(metadata),
        "metadata": {
            "version": metadata["Version"],
            **_named("license", metadata.get("License-Expression")),
            **_named("keywords", _keywords(metadata.get("Keywords"))),
        },
    }


def without_decoration(text: str) -> str:
    """The text without the lines that hold badges, logos and layout alone."""
    lines = [line for line in text.splitlines() if not _DECORATION.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _description(metadata: Message) -> str:
    described = metadata.get("Description") or metadata.get_payload()
    return str(described).replace("\x00", "")


def _home_page(metadata: Message) -> str | None:
    home = metadata.get("Home-page")
    if home and home != "UNKNOWN":
        return str(home)
    links = [str(link).partition(", ") for link in metadata.get_all("Project-URL") or []]
    by_label = {label.lower(): address for label, _, address in links}
    for label in ("homepage", "home", "repository", "source", "source code", "documentation"):
        if label in by_label:
            return by_label[label]
    return next(iter(by_label.values()), None)


def _keywords(text: str | None) -> list[str]:
    return [word for word in re.split(r"[,\s]+", text or "") if word][:_KEYWORDS]


def _named(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}
