"""Files with secrets stay out of git and out of coding assistants' sight."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECRETS = [".env", ".environment", ".env.local"]


@pytest.mark.parametrize("ignore", [".gitignore", ".cursorignore"])
def test_they_are_ignored(ignore: str) -> None:
    assert set(SECRETS) <= set((ROOT / ignore).read_text(encoding="utf-8").splitlines())


def test_claude_is_denied() -> None:
    settings = json.loads((ROOT / ".claude" / "settings.json").read_text(encoding="utf-8"))
    assert {f"Read(./{name})" for name in SECRETS} <= set(settings["permissions"]["deny"])
