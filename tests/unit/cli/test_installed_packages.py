import importlib.metadata

import pytest

from shared.cli.installed_packages import (
    README_CHARACTERS,
    installed_readmes,
    package_document,
    without_decoration,
)


def test_every_installed_package_is_a_document() -> None:
    installed = {distribution.name.lower() for distribution in importlib.metadata.distributions()}
    read = {document.source: document.document for document in installed_readmes()}
    assert set(read) == installed
    assert "FastAPI" in str(read["fastapi"]["body"])
    assert max(len(document["body"]) for document in read.values()) <= README_CHARACTERS


def test_a_package_is_told_by_its_metadata() -> None:
    told = {
        "version": "1.2",
        "summary": "Does things",
        "license_expression": "MIT",
        "keywords": ["one,", "two", "three"],
        "home_page": "https://example.com",
        "description": "# Thing\n\nIt\x00 does.",
    }
    assert package_document("thing", told) == {
        "id": "thing",
        "title": "thing: Does things",
        "body": "# Thing\n\nIt does.",
        "url": "https://example.com",
        "metadata": {"version": "1.2", "license": "MIT", "keywords": ["one", "two", "three"]},
    }


@pytest.mark.parametrize("fields", [{}, {"summary": "UNKNOWN", "home_page": "UNKNOWN", "keywords": ""}])
def test_what_is_not_told_is_left_out(fields: dict[str, str]) -> None:
    assert package_document("thing", {"version": "1.2", **fields}) == {
        "id": "thing",
        "title": "thing",
        "body": "",
        "url": None,
        "metadata": {"version": "1.2"},
    }


def test_keywords_may_be_one_text() -> None:
    fields = {"version": "1", "keywords": "one, two three"}
    assert package_document("thing", fields)["metadata"]["keywords"] == ["one", "two", "three"]


def test_the_url_is_the_page_most_like_a_home() -> None:
    links = ["Issues, https://example.com/issues", "Homepage, https://example.com/home"]
    home = package_document("thing", {"version": "1", "project_url": links})
    assert home["url"] == "https://example.com/home"
    other = package_document("thing", {"version": "1", "project_url": links[:1]})
    assert other["url"] == "https://example.com/issues"


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
