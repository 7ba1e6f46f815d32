"""The README's commands and examples, as a newcomer would run them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.command_line import concord_apart, serving
from tests.builders.readme import README, example, run_curl_example


def test_the_examples_do_what_the_readme_says(laptop: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("SKIPPED, as curl is not installed.")
    with serving("up", "--port", "0", folder=laptop) as (address, _process):
        created, stored, by_both, by_words = run_curl_example(address)
        with_time, changed = run_curl_example(address, "expiry")
        (foreseen,) = run_curl_example(address, "delete")
        space, given, by_vector, mixed = run_curl_example(address, "vectors")
        program = example("python", address)
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
        )
    assert created["name"] == "guides"
    assert stored["errors"] == 0
    assert [hit["document"]["id"] for hit in by_both["hits"]] == ["settings"]
    assert by_words["hits"][0]["document"]["id"] == "limits"
    assert (with_time["errors"], changed["ttl_seconds"]) == (0, 604_800)
    told = re.search(r"^# (\{.*\})$", example("delete", ""), re.MULTILINE)
    assert told is not None
    assert foreseen == json.loads(told[1])
    assert (space["embedding"]["provider"], given["errors"]) == ("own", 0)
    assert [hit["document"]["id"] for hit in by_vector["hits"]] == ["night", "sun"]
    assert [hit["document"]["id"] for hit in mixed["hits"]] == ["sun", "night"]
    assert done.stdout.splitlines()[0].split()[1] == "backups"


def test_every_command_in_the_readme_exists(laptop: Path) -> None:
    commands = sorted(set(re.findall(r"uv run concord ([a-z]+)", README)))
    assert {"demo", "up", "ingest", "search", "invoke", "eval", "openapi"} <= set(commands)
    for command in commands:
        assert concord_apart(command, "--help", folder=laptop).code == 0
