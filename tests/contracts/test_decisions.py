"""infra/decisions/README.md lists every decision by its title."""

from pathlib import Path

DECISIONS = Path(__file__).parents[2] / "infra" / "decisions"


def test_every_decision_is_listed() -> None:
    listed = [
        line
        for line in (DECISIONS / "README.md").read_text(encoding="utf-8").splitlines()
        if line[:2] == "- "
    ]
    assert listed == [
        f"- [{path.read_text(encoding='utf-8').splitlines()[0].removeprefix('# ')}]({path.name})"
        for path in sorted(DECISIONS.glob("0*.md"))
    ]
