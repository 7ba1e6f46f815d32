"""The process that parses one file: `python -m shared.parsing.child`.

It reads a request, one JSON object, from its standard input, and writes its answer, another one, to its
standard output. It may use so much memory and time; whatever it dies of, it dies alone.
"""

import json
import math
import os
import resource
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shared.errors import UnreadableFile
from shared.parsing.limits import ParseLimits

type Answer = dict[str, Any]


def request(path: Path, name: str, limits: ParseLimits) -> bytes:
    """What a child is told to parse."""
    return json.dumps({"path": str(path), "name": name, "limits": asdict(limits)}).encode()


def main() -> None:
    # What a library prints must not get into the answer.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        asked = json.loads(sys.stdin.buffer.read())
        limits = ParseLimits(**asked["limits"])
        _restrict(limits)
        answer = _answer(Path(asked["path"]), asked["name"], limits)
        output.write(json.dumps(answer, ensure_ascii=False).encode())


def _restrict(limits: ParseLimits) -> None:
    seconds = math.ceil(limits.seconds)
    # Not every system knows each of these; the time limit of who waits holds on all.
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def _answer(path: Path, name: str, limits: ParseLimits) -> Answer:
    # Imported below the limits: a parser's import counts as its own.
    from shared.parsing.read_file import read_file  # noqa: PLC0415 - see above

    try:
        return {"parsed": asdict(read_file(path, name, limits))}
    except UnreadableFile as error:
        return {"reason": error.reason, "message": error.message}
    except Exception as error:  # noqa: BLE001 - a parser may raise anything on a file that nobody foresaw
        return {"died_of": type(error).__name__}


if __name__ == "__main__":
    main()
