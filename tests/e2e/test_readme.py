"""The README's commands and examples, as a newcomer would run them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.command_line import concord_apart, serving

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
# The address that the examples are written for.
ADDRESS = re.compile(r"(?:http://)?localhost:8000")


def example(name: str) -> str:
    """The code block below `<!-- readme-test: name -->`."""
    match = re.search(rf"<!-- readme-test: {name} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert match is not None
    return match[1]


def run_shell(script: str, folder: Path) -> list[dict[str, object]]:
    """Run a script of curl calls; the JSON that each printed."""
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "-euc", script], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    decoder, answers, rest = json.JSONDecoder(), [], done.stdout.strip()
    while rest:
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].lstrip()
    return answers


def test_the_examples_do_what_the_readme_says(laptop: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("SKIPPED, as curl is not installed.")
    with serving("up", "--port", "0", folder=laptop) as (address, _process):
        script = ADDRESS.sub(address, example("curl"))
        created, stored, by_both, by_words = run_shell(script, laptop)
        program = ADDRESS.sub(address, example("python"))
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
        )
    assert created["name"] == "guides"
    assert stored["errors"] == 0
    assert [hit["document"]["id"] for hit in by_both["hits"]] == ["settings"]  # type: ignore[attr-defined]
    assert by_words["hits"][0]["document"]["id"] == "limits"  # type: ignore[index]
    assert done.stdout.splitlines()[0].split()[1] == "backups"


def test_every_command_in_the_readme_exists(laptop: Path) -> None:
    commands = sorted(set(re.findall(r"uv run concord ([a-z]+)", README)))
    assert {"demo", "up", "ingest", "search", "invoke", "eval", "openapi"} <= set(commands)
    for command in commands:
        assert concord_apart(command, "--help", folder=laptop).code == 0
