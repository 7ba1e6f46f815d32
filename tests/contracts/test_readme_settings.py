"""The README's table of settings is that of the code."""

from pathlib import Path

from tests.contracts.test_env_example import groups

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- settings-table: begin -->\n", "<!-- settings-table: end -->"


def shown(default: object) -> str:
    return "" if default in (None, ()) else f"`{default}`"


def table() -> str:
    fields = {name: field for group in groups() for name, field in group.model_fields.items()}
    rows = [
        f"| `{name.upper()}` | {shown(field.default)} | {field.description} |"
        for name, field in fields.items()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows]) + "\n"


def test_the_readme_lists_every_setting() -> None:
    text = README.read_text(encoding="utf-8")
    written = text[text.index(BEGIN) + len(BEGIN) : text.index(END)]
    assert written == table()
