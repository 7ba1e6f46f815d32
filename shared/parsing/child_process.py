"""A process of one's own, bounded in time and in what it answers."""

import asyncio
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

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
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output = bytearray()
    try:
        async with asyncio.timeout(seconds):
            if await _converse(process, told, output, most_bytes):
                return Ended(await process.wait(), bytes(output))
            return Ended(None, b"")
    except TimeoutError:
        return Ended(None, b"", was_slow=True)
    finally:
        if process.returncode is None:
            process.kill()
            # Reads what is left in the pipes, so that they are closed.
            await process.communicate()


async def _converse(process: Process, told: bytes, output: bytearray, most_bytes: int) -> bool:
    """Whether all it says has been read, and not only as much as may be."""
    into, out = cast(StreamWriter, process.stdin), cast(StreamReader, process.stdout)
    # A pipe holds a request unread; nobody waits for the process to take it.
    into.write(told)
    into.close()
    while read := await out.read(_READ_BYTES):
        output += read
        if len(output) > most_bytes:
            return False
    return True
