import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from shared.database.boundaries import unit_of_work_is_open
from shared.embeddings.local import LocalEmbedder
from shared.embeddings.local_model import LONGEST_TEXT_TOKENS
from shared.embeddings.local_model_files import CHECKSUMS, GRAPH
from shared.embeddings.protocol import Purpose
from shared.errors import EmbedderRejected, EmbedderUnavailable, NetworkCallInUnitOfWork
from tests.builders.float32_model import Float32Model

PASSWORD = "How do I reset my password?"
RECOVERY = "Steps to recover account credentials"
CAT = "The cat sat on the mat"
SENTENCES = [
    PASSWORD,
    RECOVERY,
    CAT,
    "PostgreSQL writes every change to the write-ahead log before it touches the table.",
    "Die Katze schläft auf dem warmen Fensterbrett, während es draußen regnet.",
    "def embed(self, texts): return [self.model(text) for text in texts]",
    "The quarterly report shows revenue of 4.2 million euros, up 12 % from last year.",
    "Mitochondria produce most of the chemical energy that a cell needs. " * 12,
    "## Installation\n\nRun `pip install example`, then set `EXAMPLE_TOKEN` in the environment.",
    "東京の天気は晴れです。",
]


@pytest.fixture
async def embedder(model_directory: Path) -> AsyncIterator[LocalEmbedder]:
    embedder = LocalEmbedder(model_directory)
    yield embedder
    await embedder.aclose()


async def test_sentences_of_one_meaning_are_near_and_others_far(embedder: LocalEmbedder) -> None:
    password, recovery, cat = np.array(await embedder.embed([PASSWORD, RECOVERY, CAT]))

    assert password @ recovery == pytest.approx(0.62, abs=0.03)
    assert password @ cat == pytest.approx(0.08, abs=0.03)


async def test_vectors_are_those_of_the_published_model(embedder: LocalEmbedder, tmp_path: Path) -> None:
    published = Float32Model(tmp_path)

    vectors = np.array(await embedder.embed(SENTENCES))

    cosines = [vector @ published.embed(text) for vector, text in zip(vectors, SENTENCES, strict=True)]
    assert np.mean(cosines) >= 0.99
    assert min(cosines) >= 0.98


async def test_vectors_have_unit_length_and_384_numbers(embedder: LocalEmbedder) -> None:
    vectors = await embedder.embed([*SENTENCES, "", " ", "\x00"])

    assert {len(vector) for vector in vectors} == {embedder.dimensions} == {384}
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert all(type(number) is float for number in vectors[0])


async def test_a_text_has_the_same_vector_alone_and_in_company(embedder: LocalEmbedder) -> None:
    together = await embedder.embed(SENTENCES * 3)

    assert together[: len(SENTENCES)] == together[-len(SENTENCES) :]
    assert [(await embedder.embed([text]))[0] for text in SENTENCES] == together[: len(SENTENCES)]


async def test_queries_and_documents_are_embedded_alike(embedder: LocalEmbedder) -> None:
    assert await embedder.embed([CAT], purpose=Purpose.QUERY) == await embedder.embed([CAT])


async def test_no_texts_have_no_vectors_and_load_no_model(tmp_path: Path) -> None:
    assert await LocalEmbedder(tmp_path / "nothing here").embed([]) == []


async def test_a_text_is_cut_at_512_tokens(embedder: LocalEmbedder) -> None:
    # Each word is one token, and two tokens mark the text's beginning and end.
    fitting = LONGEST_TEXT_TOKENS - 2

    long, cut, shorter = await embedder.embed(["word " * 10_000, "word " * fitting, "word " * (fitting - 1)])

    assert long == cut
    assert long != shorter


async def test_a_word_of_100_000_characters_is_embedded(embedder: LocalEmbedder) -> None:
    (vector,) = await embedder.embed(["x" * 100_000])

    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


async def test_a_lone_surrogate_is_rejected_without_being_repeated(embedder: LocalEmbedder) -> None:
    with pytest.raises(EmbedderRejected) as refused:
        await embedder.embed(["fine", "secret \ud800"])

    assert "secret" not in str(refused.value)


async def test_refuses_to_embed_in_a_unit_of_work(embedder: LocalEmbedder) -> None:
    token = unit_of_work_is_open.set(True)
    try:
        with pytest.raises(NetworkCallInUnitOfWork):
            await embedder.embed([CAT])
    finally:
        unit_of_work_is_open.reset(token)


async def test_the_first_texts_of_many_tasks_load_the_model_once(model_directory: Path) -> None:
    embedder = LocalEmbedder(model_directory, threads=1)

    async def first_text() -> int:
        await embedder.embed([CAT])
        return id(embedder._loaded)

    assert len(set(await asyncio.gather(*(first_text() for _ in range(8))))) == 1


async def test_the_event_loop_runs_on_while_texts_are_embedded(embedder: LocalEmbedder) -> None:
    await embedder.embed([CAT])
    embedding = asyncio.create_task(embedder.embed(SENTENCES * 10))
    turns = 0

    while not embedding.done():
        await asyncio.sleep(0.001)
        turns += 1

    assert turns > 5


async def test_a_closed_embedder_gives_its_memory_back_and_loads_again_when_needed(
    embedder: LocalEmbedder,
) -> None:
    before = await embedder.embed([CAT])

    await embedder.aclose()

    assert embedder._loaded is None
    assert await embedder.embed([CAT]) == before


async def test_damaged_files_are_not_loaded(model_directory: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(model_directory, tmp_path / "damaged")
    with (damaged / GRAPH).open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"\xff")

    with pytest.raises(EmbedderUnavailable, match="EMBEDDING_MODEL_DIR"):
        await LocalEmbedder(damaged).embed([CAT])


async def test_on_lambda_checksums_are_not_made_again(
    model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = shutil.copytree(model_directory, tmp_path / "packaged")
    (packaged / CHECKSUMS).write_text("")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "documents_search")
    assert len((await LocalEmbedder(packaged).embed([CAT]))[0]) == 384


def test_nobody_is_told_of_its_use(tmp_path: Path) -> None:
    """onnxruntime would give this machine an id, in the user's cache folder, and send reports under it."""
    bare = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    places = dict.fromkeys(("HOME", "XDG_CACHE_HOME"), str(tmp_path))
    command = [sys.executable, "-c", "import shared.embeddings.local_model"]
    subprocess.run(command, env={**bare, **places}, check=True, timeout=60)
    assert list(tmp_path.rglob("*")) == []
