import importlib.metadata
from email.message import Message

import pytest

from shared.cli.installed_packages import (
    README_CHARACTERS,
    installed_readmes,
    package_document,
    without_decoration,
)


def metadata(*fields: tuple[str, str], readme: str = "") -> Message:
    message = Message()
    for name, value in (("Name", "Thing"), ("Version", "1.2"), *fields):
        message[name] = value
    message.set_payload(readme)
    return message


def test_every_installed_package_is_a_document() -> None:
    installed = {name.metadata["Name"].lower() for name in importlib.metadata.distributions()}
    read = {document.source: document.document for document in installed_readmes()}
    assert set(read) == installed
    assert "fastapi" in read
    assert "FastAPI" in str(read["fastapi"]["body"])
    assert max(len(document["body"]) for document in read.values()) <= README_CHARACTERS


def test_a_package_is_told_by_its_metadata() -> None:
    told = metadata(
        ("Summary", "Does things"),
        ("License-Expression", "MIT"),
        ("Keywords", "one, two three"),
        ("Home-page", "https://example.com"),
        ("Description", "# Thing\n\nIt\x00 does."),
    )
    assert package_document("thing", told) == {
        "id": "thing",
        "title": "thing: Does things",
        "body": "# Thing\n\nIt does.",
        "url": "https://example.com",
        "metadata": {"version": "1.2", "license": "MIT", "keywords": ["one", "two", "three"]},
    }


@pytest.mark.parametrize("summary", [[], [("Summary", "UNKNOWN")]])
def test_what_is_not_told_is_left_out(summary: list[tuple[str, str]]) -> None:
    assert package_document("thing", metadata(*summary, ("Home-page", "UNKNOWN"))) == {
        "id": "thing",
        "title": "thing",
        "body": "",
        "url": None,
        "metadata": {"version": "1.2"},
    }


def test_a_readme_may_follow_the_metadata() -> None:
    assert package_document("thing", metadata(readme="Text."))["body"] == "Text."


def test_the_url_is_the_page_most_like_a_home() -> None:
    issues = ("Project-URL", "Issues, https://example.com/issues")
    home = ("Project-URL", "Homepage, https://example.com/home")
    assert package_document("thing", metadata(issues, home))["url"] == "https://example.com/home"
    assert package_document("thing", metadata(issues))["url"] == "https://example.com/issues"


def test_badges_and_layout_are_no_text() -> None:
    lines = [
        "# Thing",
        "[![Build](https://ci/badge.svg)](https://ci)",
        "![logo](logo.png)",
        '<p align="center">',
        ".. image:: https://badge",
        "   :target: https://ci",
        "",
        "",
        "It uses `a | b` and <b>tags</b> in text.",
        "[A link](https://example.com) may begin a line.",
    ]
    kept = (
        "# Thing\n\nIt uses `a | b` and <b>tags</b> in text.\n[A link](https://example.com) may begin a line."
    )
    assert without_decoration("\n".join(lines)) == kept
