"""Reads what `pip-audit --format json` printed and says what it means.

Exit codes: 0 nothing known against any dependency, 1 something is or could not be looked up,
75 the advisory source was out of reach. With RELEASE=true that too is 1.
"""

import json
import os
import sys
from typing import NoReturn

OURSELVES = "distribution marked as editable"
NOT_REACHED = ("ConnectionError", "Could not connect", "ConnectTimeout", "Max retries exceeded")


def main() -> NoReturn:
    printed = sys.stdin.read()
    start = printed.find('{"dependencies"')
    if start < 0:
        if any(sign in printed for sign in NOT_REACHED):
            skip("it could not be reached")
        print(printed)
        sys.exit("pip-audit printed no report.")
    report, _ = json.JSONDecoder().raw_decode(printed[start:])
    dependencies = [
        dependency for dependency in report["dependencies"] if dependency.get("skip_reason") != OURSELVES
    ]
    unknown = [dependency for dependency in dependencies if "skip_reason" in dependency]
    if len(unknown) == len(dependencies):
        skip("it knew none of the packages, so it is not the real one")
    vulnerable = [dependency for dependency in dependencies if dependency.get("vulns")]
    for dependency in vulnerable:
        for vulnerability in dependency["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            print(f"{dependency['name']} {dependency['version']}: {vulnerability['id']}, fixed in {fixed}")
    for dependency in unknown:
        print(f"{dependency['name']} was not audited: {dependency['skip_reason']}")
    print(f"{len(dependencies) - len(unknown)} packages audited.")
    sys.exit(1 if vulnerable or unknown else 0)


def skip(reason: str) -> NoReturn:
    print(f"SKIPPED pip-audit: its advisory source was asked, but {reason}.")
    sys.exit(1 if os.environ.get("RELEASE") == "true" else 75)


if __name__ == "__main__":
    main()
