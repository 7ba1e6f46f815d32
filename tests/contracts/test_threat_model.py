"""The threat model names a test for each attack and each of OWASP's risks, and all of them are there."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
MODEL = (TESTS.parent / "infra" / "decisions" / "0035-threat-model.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("| ").split("|")]
    for line in MODEL.splitlines()
    if line.startswith("| ") and not line.endswith("| tests |")
]
TEST = re.compile(r"^(async )?def test_", re.MULTILINE)


def has_tests(path: Path) -> bool:
    """Whether it is a file of tests, or a folder that has some."""
    if path.is_dir():
        return any(map(has_tests, path.rglob("test_*.py")))
    return path.is_file() and TEST.search(path.read_text(encoding="utf-8")) is not None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[:2])[:40])
def test_each_row_names_tests_that_are_there(row: list[str]) -> None:
    named = re.findall(r"`([^`]+)`", row[-1])
    assert named
    assert [name for name in named if not has_tests(TESTS / name)] == []


def test_each_way_in_of_the_design_and_each_of_owasps_risks_has_a_row() -> None:
    first = [row[0] for row in ROWS]
    assert {
        "HTTP",
        "queues, schedules",
        "bucket events, uploads",
        "uploaded files",
        "fetched pages",
        "SQL of an app",
        "the laptop",
    } <= set(first)
    risks = [name.split()[0] for name in first if name.startswith("API")]
    assert risks == [f"API{number}" for number in range(1, 11)]


def test_it_says_what_is_not_mitigated() -> None:
    assert MODEL.partition("\n## What is not mitigated\n")[2].count("\n- ") >= 1
