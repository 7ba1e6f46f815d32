"""The verdict of .ci/read_audit.py on what pip-audit printed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / ".ci" / "read_audit.py"
FINE = {"name": "lark", "version": "1.3.0", "vulns": []}
BAD = {"name": "old", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1", "2.0"]}]}
UNKNOWN = {"name": "lost", "skip_reason": "Dependency not found on PyPI and could not be audited: lost (1)"}
OURSELVES = {"name": "concord", "skip_reason": "distribution marked as editable"}


def judge(printed: str, **environment: str) -> tuple[int, str]:
    """The exit code and what it said."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        input=printed,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def report(*dependencies: object) -> str:
    return "Found something\n" + json.dumps({"dependencies": dependencies, "fixes": []}) + "\n"


@pytest.mark.parametrize(
    ("printed", "code", "said"),
    [
        (report(FINE, OURSELVES), 0, "1 packages audited."),
        (report(FINE, BAD), 1, "old 1.0: CVE-1, fixed in 1.1, 2.0"),
        (report(FINE, UNKNOWN), 1, "lost was not audited"),
        (report(UNKNOWN, OURSELVES), 75, "SKIPPED pip-audit"),
        ("requests.exceptions.ConnectionError: Max retries exceeded", 75, "SKIPPED pip-audit"),
        ("Traceback: ValueError", 1, "printed no report"),
        ("", 1, "printed no report"),
    ],
)
def test_a_report_is_judged(printed: str, code: int, said: str) -> None:
    exit_code, text = judge(printed)
    assert (exit_code, said in text) == (code, True), text


def test_a_release_is_not_made_without_an_audit() -> None:
    assert judge(report(UNKNOWN), RELEASE="true")[0] == 1
