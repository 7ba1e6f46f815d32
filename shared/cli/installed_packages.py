"""The READMEs of the Python packages installed beside Concord: real documents that everybody has."""

import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.cli.document_sources import SourcedDocument
from shared.domain.document_ids import document_id

# As much of each README as keeps the demo short: what a package is for stands at its beginning.
README_CHARACTERS = 3_000
_KEYWORDS = 20
_HOME_LABELS = ("homepage", "home", "repository", "source", "source code", "documentation")
# Badges, logos and layout: lines that begin with an image, a link around one, a tag or a directive.
_DECORATION = re.compile(r"^\s*(\[?!\[|<[^>]*>|\.\. (image|\|)|:(alt|target|height|width):)")


def installed_readmes() -> Iterator[SourcedDocument]:
    """One document per installed package, by name, with the beginning of its README as its body."""
    packages = {
        distribution.name.lower(): distribution.metadata.json
        for distribution in importlib.metadata.distributions()
    }
    for name, fields in sorted(packages.items()):
        yield SourcedDocument(name, package_document(name, fields))


def package_document(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A package as a document. `fields` are its metadata in JSON form (PEP 566)."""
    summary = _told(fields, "summary")
    return {
        "id": document_id(name),
        "title": f"{name}: {summary}" if summary else name,
        "body": without_decoration(_told(fields, "description"))[:README_CHARACTERS],
        "url": _home_page(fields),
        "metadata": {
            "version": fields["version"],
            **_named("license", _told(fields, "license_expression")),
            **_named("keywords", _keywords(fields.get("keywords", ""))),
        },
    }


def without_decoration(text: str) -> str:
    """The text without the lines that hold badges, logos and layout alone."""
    lines = [line for line in text.splitlines() if not _DECORATION.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _told(fields: Mapping[str, Any], name: str) -> str:
    """The field, empty where it is missing, or unknown as older tools wrote it."""
    text = str(fields.get(name, "")).replace("\x00", "")
    return "" if text == "UNKNOWN" else text


def _home_page(fields: Mapping[str, Any]) -> str | None:
    links = [str(link).partition(", ") for link in fields.get("project_url", ())]
    by_label = {label.lower(): address for label, _, address in links}
    candidates = (by_label.get(label) for label in _HOME_LABELS)
    found = (_told(fields, "home_page"), *candidates, *by_label.values())
    return next((address for address in found if address), None)


def _keywords(keywords: str | list[str]) -> list[str]:
    text = keywords if isinstance(keywords, str) else " ".join(keywords)
    return [word for word in re.split(r"[,\s]+", text) if word][:_KEYWORDS]


def _named(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}
