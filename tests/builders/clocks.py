"""A process whose clock is wrong."""

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

_PATIENCE_SECONDS = 60


def shifted_clock(seconds: int) -> dict[str, str]:
    """The environment of a process that reads the time of day as so much later, or earlier below zero."""
    package = importlib.util.find_spec("libfaketime")
    if package is None or package.origin is None:
        raise RuntimeError("libfaketime is not installed: run `uv sync`.")
    library = Path(package.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    shifted = {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{seconds:+}",
        # What measures durations is right everywhere.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    asked = [sys.executable, "-c", "import time; print(time.time())"]
    told = subprocess.run(asked, env=os.environ | shifted, capture_output=True, check=True)
    assert abs(float(told.stdout) - time.time() - seconds) < _PATIENCE_SECONDS, told.stderr
    return shifted
