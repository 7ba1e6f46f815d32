"""`concord demo --once` in a new folder, with everything downloaded, beside the 30 seconds it may take.

uv run python -m tests.benchmarks.demo [--json] [--rounds N]
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.report import Report, arguments

MARK_SECONDS = 30.0


def run_demo() -> float:
    """Seconds from start to end of the whole process."""
    concord = Path(sys.executable).with_name("concord")
    with tempfile.TemporaryDirectory(prefix="concord-demo-") as folder:
        started = time.perf_counter()
        subprocess.run([concord, "demo", "--once"], cwd=folder, capture_output=True, check=True)
        return time.perf_counter() - started


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    seconds = [run_demo() for _ in range(options.rounds)]
    report = Report("concord demo --once")
    report.rows.append({"what": "mark", "seconds": MARK_SECONDS})
    report.rows.append(
        {
            "what": "concord demo --once",
            "seconds": round(statistics.median(seconds), 1),
            "min": round(min(seconds), 1),
            "max": round(max(seconds), 1),
        }
    )
    report.ratios["demo_vs_mark"] = round(statistics.median(seconds) / MARK_SECONDS, 3)
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
