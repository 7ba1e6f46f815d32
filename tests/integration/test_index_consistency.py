"""The keyword index equals a recount of the stored documents, whatever happened to them before."""

import asyncio
import itertools
import math
import random

import psycopg
import pytest
from pydantic import JsonValue

from shared.database.pool import PooledConnections
from shared.domain.documents import DocumentInput
from shared.embeddings.protocol import Embedder
from tests.builders.documents import WORDS, a_document, prose
from tests.builders.library import Library, settings_of
from tests.builders.recount import bm25_shares, query_terms, recount, stored_statistics


def some_document(randomness: random.Random, id: str) -> DocumentInput:  # noqa: A002 - its field's name
    """A document of nothing to several chunks, with words of its own among common ones."""
    own = [f"own{randomness.randrange(400)}" for _ in range(3)]
    size = randomness.choice([0, 1, 8, 30, 120, 400])
    title = randomness.choice([None, None, "River stations", f"The {own[0]}", " "])
    body = prose(randomness, size, vocabulary=[*WORDS, *own, "the", "and"])
    return a_document(id, body, title=title, metadata={"group": randomness.randrange(12)})


class Mixture:
    """Random writes to a library, the same ones for the same seed; `groups` are those of the ids stored."""

    def __init__(self, library: Library, seed: int) -> None:
        self._library = library
        self._random = random.Random(seed)
        self._groups: dict[str, JsonValue] = {}
        self.writes = 0

    async def step(self) -> None:
        kind = self._random.choices(
            [self._upsert, self._change, self._delete, self._delete_group], [5, 4, 3, 1]
        )
        await kind[0]()

    async def _upsert(self) -> None:
        ids = {f"d{self._random.randrange(150)}" for _ in range(self._random.randint(1, 16))}
        documents = [some_document(self._random, name) for name in sorted(ids)]
        await self._library.upsert(*documents)
        self._groups |= {document.id: document.metadata["group"] for document in documents}
        self.writes += len(ids)

    async def _change(self) -> None:
        if self._groups:
            id = self._any_id()  # noqa: A001 - its field's name
            fresh = some_document(self._random, id)
            names = self._random.choice([["title"], ["body"], ["title", "body"], ["metadata"], ["url"]])
            await self._library.change(id, **{name: getattr(fresh, name) for name in names})
            if "metadata" in names:
                self._groups[id] = fresh.metadata["group"]
            self.writes += 1

    async def _delete(self) -> None:
        if self._groups:
            id = self._any_id()  # noqa: A001 - its field's name
            await self._library.delete(id)
            del self._groups[id]
            self.writes += 1

    async def _delete_group(self) -> None:
        if self._groups:
            group = self._groups[self._any_id()]
            self.writes += await self._library.delete_where(f"group = {group}")
            self._groups = {name: its for name, its in self._groups.items() if its != group}

    def _any_id(self) -> str:
        return self._random.choice(sorted(self._groups))


def assert_consistent(database_url: str) -> None:
    counted, stored = recount(database_url), stored_statistics(database_url)
    assert stored.documents == counted.documents
    assert stored.chunks == counted.chunks
    assert stored.length == counted.length
    assert stored.document_frequencies == counted.document_frequencies
    assert stored.postings == counted.postings


@pytest.mark.parametrize("seed", [1, 2])
async def test_statistics_after_any_mix_of_writes(library: Library, database_url: str, seed: int) -> None:
    mixture = Mixture(library, seed)
    for step in itertools.count(1):
        await mixture.step()
        if step % 25 == 0:
            assert_consistent(database_url)
        if step % 40 == 0:
            assert (await library.maintain()).complete
            assert_consistent(database_url)
        if mixture.writes >= 300:
            break
    assert_consistent(database_url)
    assert (await library.count()).documents > 20
    await library.maintain()
    assert_consistent(database_url)
    with psycopg.connect(database_url) as connection:
        left = connection.execute(
            "SELECT (SELECT count(*) FROM concord.keyword_retired),"
            " (SELECT count(*) FROM concord.keyword_block WHERE posting_count <= 0),"
            " (SELECT count(*) FROM concord.keyword_statistic)"
        ).fetchone()
    assert left == (0, 0, 1)


async def test_maintenance_out_of_time_leaves_the_statistics_right(
    library: Library, database_url: str
) -> None:
    mixture = Mixture(library, 3)
    for _ in range(12):
        await mixture.step()
    assert not (await library.maintain(seconds=-1)).complete
    assert_consistent(database_url)
    assert (await library.maintain()).complete
    assert_consistent(database_url)


async def test_maintenance_works_in_short_units(
    library: Library, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.maintain_indexes.TERMS_PER_UNIT", 7)
    monkeypatch.setattr("shared.services.maintain_indexes.ROWS_PER_UNIT", 7)
    mixture = Mixture(library, 6)
    for _ in range(12):
        await mixture.step()
    report = await library.maintain()
    assert report.compacted_terms > 14
    assert report.complete
    assert_consistent(database_url)
    await library.drop()
    assert not (await library.maintain(seconds=-1)).complete
    report = await library.maintain()
    assert report.purged_rows > 14
    assert report.complete


async def test_many_small_writes_are_compacted(library: Library, database_url: str) -> None:
    for number in range(12):
        await library.upsert(a_document(f"d{number}", f"river own{number}"))
    blocks = "SELECT count(*) FROM concord.keyword_block"
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute(blocks).fetchone() == (24,)
        report = await library.maintain()
        assert (report.compacted_terms, report.complete) == (1, True)
        assert connection.execute(blocks).fetchone() == (13,)
    assert_consistent(database_url)
    assert len(await library.find("river", mode="keyword", limit=100)) == 12


async def test_numbers_are_used_again_only_when_nothing_stands_under_them(
    library: Library, database_url: str
) -> None:
    for round_ in range(3):
        await library.upsert(a_document("a", f"river round{round_}"), a_document("b", "mountain"))
        await library.delete("a")
        if round_ == 1:
            await library.maintain()
        assert_consistent(database_url)
    await library.upsert(a_document("c", "harbour"))
    assert await library.find("river", mode="keyword") == []
    assert await library.find("harbour", mode="keyword") == ["c"]


async def test_a_deleted_collection_is_purged_of_everything(library: Library, database_url: str) -> None:
    await Mixture(library, 4).step()
    await library.upsert(a_document("a", "River."), a_document("b", "Mountain."))
    await library.embed()
    await library.drop()
    report = await library.maintain()
    assert report.complete
    assert report.purged_rows > 0
    tables = (
        "collection document chunk embedding embedding_job keyword_term keyword_block keyword_retired"
        " keyword_statistic metadata_field"
    )
    with psycopg.connect(database_url) as connection:
        for table in tables.split():
            assert connection.execute(f"SELECT count(*) FROM concord.{table}").fetchone() == (0,), table


@pytest.mark.parametrize(
    "query",
    [
        "river",
        "the stations of a yellow railway",
        "river river river mountain",
        "connection connected running runs",
        "own1 own2 own3 river nowhere unheard",
        "umbrella, valley? winter! yellow-zebra",
    ],
)
async def test_scores_are_those_of_bm25(library: Library, database_url: str, query: str) -> None:
    mixture = Mixture(library, 5)
    for _ in range(20):
        await mixture.step()
    statistics = recount(database_url)
    expected = bm25_shares(statistics, query_terms(database_url, query))
    found = await library.search(query, mode="keyword", limit=100, explain=True)
    assert found.found_exact
    assert found.found == len(expected)
    scores = {hit.document.id: hit.explain.keyword for hit in found.hits if hit.explain}
    assert len(scores) == min(100, len(expected)) > 0
    for id_, score in scores.items():
        # A hit shows the root of its share, which lies on the scale of cosines.
        assert score == pytest.approx(math.sqrt(expected[id_ or ""]), abs=1e-6)
    best_first = sorted(expected.values(), reverse=True)[: len(scores)]
    assert [score**2 for score in scores.values()] == pytest.approx(best_first, abs=1e-6)


async def test_ten_writers_at_once_lose_nothing(database_url: str, embedder: Embedder) -> None:
    database = PooledConnections(settings_of(database_url, database_pool_size=10))
    library = Library(database, embedder)
    await library.create()

    async def write(writer: int) -> None:
        for batch in range(6):
            # New words of one batch are new to the others as well, in another order.
            new = [f"new{batch}x{number}" for number in range(8)]
            random.Random(writer).shuffle(new)
            own = [a_document(f"w{writer}b{batch}n{number}", " ".join(new)) for number in range(4)]
            shared = [a_document(f"shared{number}", f"{new[number]} by{writer}") for number in range(4)]
            random.Random(writer + batch).shuffle(shared)
            await library.upsert(*own, *shared)

    async with asyncio.timeout(60):
        await asyncio.gather(*(write(writer) for writer in range(10)))
    assert_consistent(database_url)
    assert (await library.count()).documents == 10 * 6 * 4 + 4
    await asyncio.gather(library.maintain(), write(3), library.maintain())
    assert_consistent(database_url)
    await database.aclose()
