"""The whole API does what its description says, whatever it is sent.

schemathesis makes valid and invalid requests of every operation, and chains in which one's answer is the next
one's input. No answer may be a 5xx, and none may differ from the description in status, type or schema.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.served_api import ServedApi

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "functions" / "openapi_get" / "openapi.json"


@pytest.mark.timeout(7_200)
def test_every_answer_is_described(api: ServedApi, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    examples = pytestconfig.getoption("--fuzz-examples")
    operations = sum(map(len, json.loads(DOCUMENT.read_bytes())["paths"].values()))
    run = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml",
            "run", DOCUMENT, "--url", api.url, "--header", f"Authorization: {api.headers['authorization']}",
            "--max-examples", str(examples), "--workers", "2", "--seed", "6", "--continue-on-failure",
            "--generation-deterministic", "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-60_000:] + run.stderr
    assert f"Selected: {operations}/{operations}" in run.stdout
    assert f"Tested: {operations}" in run.stdout
