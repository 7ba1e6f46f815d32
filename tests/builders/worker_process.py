"""chunks_embed in a process of its own, as Lambda runs it: messages of a queue, and its schedule.

    python -m tests.builders.worker_process RECORD [--queue URL] [--lease SECONDS] [--gate FILE]
        [--die | --stall]

Says that it is ready by making the file RECORD, in which each text that it embeds is a line of JSON; waits
for the file --gate, and works until there is nothing left that nobody else is at. A text with the word
"poison" ends the process with --die, as the kernel does when memory runs out, and keeps it waiting for ever
with --stall.
"""

import argparse
import functools
import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3

from functions.chunks_embed import handler as deployed
from functions.chunks_embed.resources import Resources, open_resources
from functions.chunks_embed.settings import Settings
from shared.embeddings.model_change import ChangingEmbedder, embedders_of
from shared.embeddings.protocol import Embedder, Purpose, Vector
from shared.events.lambda_function import EventFunction
from shared.services.backfill_embeddings import BackfillRun
from shared.services.embed_chunks import EmbedRun
from tests.builders.embedders import RecordingEmbedder
from tests.builders.event_source import EventSource
from tests.builders.events import LambdaContext

STALLED = "stalled"


class RecordedEmbedder(RecordingEmbedder):
    """An embedder that writes down what it embeds, and may fall over it."""

    def __init__(self, embedder: Embedder, record: Path, *, dies: bool, stalls: bool) -> None:
        super().__init__(embedder)
        self._record = record
        self._dies = dies
        self._stalls = stalls

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        is_poisoned = any("poison" in text for text in texts)
        if is_poisoned and self._dies:
            os.kill(os.getpid(), signal.SIGKILL)
        if is_poisoned and self._stalls:
            self._append(STALLED)
            # Nothing in this process goes on, as in one that the machine has stopped.
            time.sleep(600)  # noqa: ASYNC251 - see above
        vectors = await super().embed(texts, purpose=purpose)
        self._append(*texts)
        return vectors

    def _append(self, *texts: str) -> None:
        with self._record.open("a") as file:
            file.write("".join(json.dumps(text) + "\n" for text in texts))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("record", type=Path)
    parser.add_argument("--queue")
    parser.add_argument("--lease", type=float)
    parser.add_argument("--gate", type=Path)
    parser.add_argument("--die", action="store_true")
    parser.add_argument("--stall", action="store_true")
    options = parser.parse_args()
    if options.lease:
        vars(deployed)["EmbedRun"] = functools.partial(EmbedRun, lease_seconds=options.lease)
        vars(deployed)["BackfillRun"] = functools.partial(BackfillRun, lease_seconds=options.lease)

    def open_recorded(settings: Settings) -> Resources:
        opened = open_resources(settings)
        one, *others = (
            RecordedEmbedder(embedder, options.record, dies=options.die, stalls=options.stall)
            for embedder in embedders_of(opened.embedder)
        )
        embedder = ChangingEmbedder(one, others[0]) if others else one
        return Resources(opened.database, embedder, opened.cache)

    function = EventFunction(deployed.chunks_embed, Settings, open_recorded)

    def handle(event: dict[str, Any]) -> Any:
        return function(event, LambdaContext("chunks_embed", seconds=300))

    options.record.touch()
    while options.gate and not options.gate.exists():
        time.sleep(0.01)
    if options.queue:
        source = EventSource(boto3.session.Session().client("sqs"), options.queue, handle)
        while source.poll():
            pass
    else:
        while any(handle({"schedule": "now"}).values()):
            pass


if __name__ == "__main__":
    main()
