"""The memory of `concord up` and of the servers that it has started, every second."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import psutil

_MEBIBYTE = 2**20


class Memory:
    """Samples, in MiB; Postgres' shared memory is left out, which its processes have in common."""

    def __init__(self, process: int, folder: Path) -> None:
        self._process = psutil.Process(process)
        self._folder = str(folder)
        self._others: list[psutil.Process] = []
        self._listed = 0.0
        self.samples: list[float] = []

    async def watch(self) -> None:
        """Until it is cancelled."""
        while True:
            self.samples.append(self._resident() / _MEBIBYTE)
            await asyncio.sleep(1)

    def growth(self) -> float:
        """The mean of the last tenth, over the one after the first third of the time: the warm-up."""
        tenth = max(len(self.samples) // 10, 1)
        warm = len(self.samples) // 3
        return _mean(self.samples[-tenth:]) / _mean(self.samples[warm : warm + tenth])

    def _resident(self) -> int:
        if time.monotonic() - self._listed > 5:
            self._listed = time.monotonic()
            self._others = [*self._process.children(recursive=True), *self._servers()]
        total = self._process.memory_info().rss
        for other in set(self._others):
            with suppress(psutil.NoSuchProcess):
                used = other.memory_info()
                total += used.rss - (used.shared if other.name() == "postgres" else 0)
        return total

    def _servers(self) -> list[psutil.Process]:
        """They are nobody's children."""
        found = []
        for process in psutil.process_iter(["name", "cmdline"]):
            is_server = process.info["name"] in {"postgres", "redis-server"}
            if is_server and any(self._folder in part for part in process.info["cmdline"] or []):
                found += [process, *process.children(recursive=True)]
        return found


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
