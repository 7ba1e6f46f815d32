"""The README's examples, as a newcomer would run them."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
# The address that the examples are written for.
_ADDRESS = re.compile(r"(?:http://)?localhost:8000")


def example(name: str, address: str) -> str:
    """The code block below `<!-- readme-test: name -->`, for a Concord at that address."""
    match = re.search(rf"<!-- readme-test: {name} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert match is not None
    return _ADDRESS.sub(address, match[1])


def run_curl_example(address: str, name: str = "curl") -> list[Any]:
    """Run the README's curl calls of an example; the JSON that each printed."""
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "-euc", example(name, address)], capture_output=True, text=True, check=True, timeout=60
    )
    decoder, answers, rest = json.JSONDecoder(), [], done.stdout.strip()
    while rest:
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].lstrip()
    return answers
