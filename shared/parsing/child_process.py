"""A process of one's own, bounded in time and in what it answers."""

import asyncio
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, NamedTuple, cast

_READ_BYTES = 65_536


class Ended(NamedTuple):
    """`status` is the exit status, the negative number of the signal it died of, or None when it was ended
    because it took too long or wrote too much.
    """

    status: int | None
    output: bytes
    was_slow: bool = False


async def run_child(
    command: Sequence[str],
    environment: Mapping[str, str],
    told: bytes,
    *,
    seconds: float,
    most_bytes: int,
) -> Ended:
    """Run a command, tell it something, and return what it says. It never outlives this call."""
    # Not asyncio's own: who is cancelled while it starts a process waits for that forever.
    process = subprocess.Popen(  # noqa: ASYNC220, S603 - starting takes a moment there as well; our own command
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with process:
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.to_thread(_converse, process, told, most_bytes)
        except TimeoutError:
            return Ended(None, b"", was_slow=True)
        finally:
            # Whoever still reads is at the end then.
            process.kill()


def _converse(process: "subprocess.Popen[bytes]", told: bytes, most_bytes: int) -> Ended:
    """Read all it says, and not only as much as may be."""
    into, out = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    output = bytearray()
    # A pipe holds a request unread; nobody waits for the process to take it, which may be gone.
    with suppress(BrokenPipeError):
        into.write(told)
        into.close()
    while read := out.read(_READ_BYTES):
        output += read
        if len(output) > most_bytes:
            return Ended(None, b"")
    return Ended(process.wait(), bytes(output))
