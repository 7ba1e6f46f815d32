"""`.env.example` has every setting of every group, its description and default, and no value."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

import shared
from shared.config import SettingsGroup

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def entry(name: str, field: FieldInfo) -> str:
    """What the file says of a setting; a blank line stands between two."""
    default = f" [{field.default}]" if field.default not in (None, ()) else ""
    return f"# {field.description}{default}\n{name.upper()}="


def groups() -> list[type[SettingsGroup]]:
    """Every group there is, wherever it is defined."""
    for module in pkgutil.walk_packages(shared.__path__, "shared."):
        importlib.import_module(module.name)
    return list(_subgroups(SettingsGroup))


def _subgroups(parent: type[SettingsGroup]) -> Iterator[type[SettingsGroup]]:
    for group in parent.__subclasses__():
        if group.__module__.startswith("shared."):
            yield group
        yield from _subgroups(group)


def test_every_setting_is_in_the_example_and_nothing_else() -> None:
    expected = {entry(name, field) for group in groups() for name, field in group.model_fields.items()}
    _introduction, *entries = EXAMPLE.read_text(encoding="utf-8").strip().split("\n\n")
    assert sorted(entries) == sorted(expected)
