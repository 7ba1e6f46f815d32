"""`concord export` and `concord import`: a collection elsewhere, as it was."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.cache.protocol import CacheKey
from shared.cache.redis import RedisCache
from shared.cli import bundle_files
from shared.database.connections import open_connection
from shared.domain.bundles import BundleDigest, check_bundle
from shared.domain.cache_scopes import collection_scope
from shared.domain.embedding_spaces import EmbeddingSpace
from shared.domain.principals import ADMIN
from shared.embeddings.model_change import ChangingEmbedder, embedders_of
from shared.embeddings.protocol import Embedder
from shared.services import export_collection, index_documents
from shared.services.import_bundle import BundleTarget, import_bundle
from tests.builders import bundles
from tests.builders.cache import PATIENT, Source
from tests.builders.changing_library import ChangingLibrary
from tests.builders.command_line import Outcome, concord, serving
from tests.builders.deployment import Deployment
from tests.builders.documents import a_document
from tests.builders.embedders import RecordingEmbedder
from tests.builders.embedding_state import execute, jobs
from tests.builders.library import Library, settings_of
from tests.builders.postgres import PostgresServers, temporary_database
from tests.builders.sql_writes import assert_consistent
from tests.builders.twenty_documents import DOCUMENTS

SPACE = ("all-MiniLM-L6-v2", 384)


@pytest.fixture
async def other_url(
    postgres_servers: PostgresServers, postgres_version: int, postgres_url: str
) -> AsyncIterator[str]:
    """Another machine's database."""
    template = await postgres_servers.migrated_template(postgres_version)
    with temporary_database(postgres_url, template=template) as url:
        yield url


@pytest.fixture
async def other(other_url: str, embedder: Embedder) -> AsyncIterator[Library]:
    """What will be there, in a collection of another name."""
    database = open_connection(settings_of(other_url))
    yield Library(database, embedder, "copy")
    await database.aclose()


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch, model_directory: Path) -> None:
    monkeypatch.setenv("EMBEDDING_MODEL_DIR", str(model_directory))
    monkeypatch.delenv("REDIS_URL", raising=False)


@contextmanager
def at(url: str) -> Iterator[None]:
    """Where commands find their database."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", url)
        yield


async def run(url: str, *arguments: str, stdin: bytes | None = None) -> Outcome:
    """Run a command, which has an event loop of its own."""
    with at(url):
        return await asyncio.to_thread(concord, *arguments, stdin=stdin)


async def exported(url: str, *options: str) -> list[bytes]:
    done = await run(url, "export", "library", *options)
    assert done.code == 0, done.said
    return done.out.encode().splitlines(keepends=True)


async def imported(url: str, lines: list[bytes], *options: str) -> Outcome:
    return await run(url, "import", "-", "--collection", "copy", *options, stdin=b"".join(lines))


async def test_a_collection_is_restored_as_it_was(
    library: Library, database_url: str, other: Library, other_url: str, tmp_path: Path
) -> None:
    await bundles.fill(library)
    times = execute(database_url, bundles.TIMES)
    assert sorted(times, key=str) == [(False, False), (True, False), (True, True)]
    before = await bundles.answers(library)
    assert sum(len(answer["hits"]) for answer in before) > 60
    file = tmp_path / "library.ndjson"
    done = await run(database_url, "export", "library", "--vectors", "-o", str(file))
    documents = len(DOCUMENTS) + 1
    assert (done.code, done.out, done.said.splitlines()[-1]) == (0, "", f"library: {documents} documents")
    assert files_in(tmp_path) == ["library.ndjson"]
    stored = await run(other_url, "import", str(file), "--collection", "copy", "--json")
    outcomes = {"created": documents, "updated": 0, "unchanged": 0, "failed": 0}
    assert (stored.code, stored.json) == (0, {"collection": "copy", **outcomes})
    # Nothing waits to be embedded, and all is found as it was.
    assert jobs(other_url) == {}
    recording = RecordingEmbedder(other.embedder)
    assert (await other.embed(recording)).chunks == 0
    assert recording.texts == []
    assert await bundles.answers(other) == before
    assert_consistent(database_url)
    for column in (
        *("created_at", "updated_at", "content_hash", "text_hash"),
        *("page_starts", "expires_at", "expires_by_ttl", "readers"),
    ):
        query = f"SELECT id, {column} FROM concord.document ORDER BY id"
        assert execute(database_url, query) == execute(other_url, query)


async def test_over_http_it_is_restored_as_it_was_too(
    library: Library, database_url: str, other: Library, other_url: str, tmp_path: Path
) -> None:
    """Asked for, built and downloaded from a server of its own."""
    await bundles.fill(library)
    before = await bundles.answers(library)
    file = tmp_path / "library.ndjson"

    def export() -> Outcome:
        with at(database_url), serving("up", "--port", "0", folder=tmp_path) as (address, _process):
            return concord("export", "library", "--vectors", "-o", str(file), "--url", address)

    done = await asyncio.to_thread(export)
    documents = len(DOCUMENTS) + 1
    assert (done.code, done.said.splitlines()[-1]) == (0, f"library: {documents} documents")
    here = await exported(database_url, "--vectors")
    assert file.read_bytes().splitlines(keepends=True)[1:-1] == here[1:-1]
    stored = await run(other_url, "import", str(file), "--collection", "copy", "--json")
    assert (stored.code, stored.json["created"]) == (0, documents)
    assert jobs(other_url) == {}
    assert await bundles.answers(other) == before


async def test_without_vectors_the_worker_makes_them(
    library: Library, database_url: str, other: Library, other_url: str
) -> None:
    await bundles.fill(library)
    before = await bundles.answers(library)
    lines = await exported(database_url)
    assert (await imported(other_url, lines)).code == 0
    assert len(jobs(other_url)) == len(DOCUMENTS) + 1
    await other.embed()
    assert await bundles.answers(other) == before
    # A bundle with vectors is embedded anew all the same where that is asked for.
    with_vectors = await exported(database_url, "--vectors")
    await other.drop()
    assert (await imported(other_url, with_vectors, "--without-vectors")).code == 0
    assert len(jobs(other_url)) == len(DOCUMENTS) + 1


async def test_a_bundle_is_imported_again_and_on(
    library: Library,
    database_url: str,
    other: Library,
    other_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In small units, of which an interruption leaves some."""
    monkeypatch.setattr(export_collection, "DOCUMENTS_PER_UNIT", 3)
    monkeypatch.setattr(index_documents, "DOCUMENTS_PER_UNIT", 4)
    await bundles.fill(library)
    lines = await exported(database_url, "--vectors")
    assert (await imported(other_url, lines)).code == 0
    before = await bundles.answers(other)
    for number in (1, 2):
        await other.delete(str(DOCUMENTS[number]["id"]))
    await other.upsert(a_document("more", "One more."))
    refused = await imported(other_url, lines)
    assert refused.code == 1
    assert "copy has documents already: import with --merge, or into another one" in refused.said
    merged = await imported(other_url, lines, "--merge")
    unchanged = len(DOCUMENTS) - 1
    assert merged.out == f"copy: 2 created, 0 updated, {unchanged} unchanged, 0 failed\n"
    await other.delete("more")
    assert [answer["found"] for answer in await bundles.answers(other)] == [
        answer["found"] for answer in before
    ]
    assert list(jobs(other_url)) == []


async def test_vectors_that_are_restored_during_a_change_of_the_model_are_made_by_the_other_as_well(
    library: Library, database_url: str, other: Library, other_url: str, changing_embedder: ChangingEmbedder
) -> None:
    """Also when all that there was had them already."""
    await bundles.fill(library)
    copy = ChangingLibrary(other.database, changing_embedder, "copy")
    await copy.create()
    await copy.start()
    await copy.backfill()
    assert (await copy.status()).state == "complete"
    assert (await imported(other_url, await exported(database_url, "--vectors"))).code == 0
    present, coming = (RecordingEmbedder(one) for one in embedders_of(changing_embedder))
    await copy.embed(ChangingEmbedder(present, coming))
    await copy.backfill(ChangingEmbedder(present, coming))
    status = await copy.status()
    assert (status.state, status.chunks) == ("complete", len(coming.texts))
    assert (status.old_vectors, status.new_vectors, present.texts) == (status.chunks, status.chunks, [])


async def test_an_empty_collection_is_restored_into_one_that_is_there(
    library: Library, database_url: str, other: Library, other_url: str
) -> None:
    assert library.name == "library"
    await other.create()
    assert (await imported(other_url, await exported(database_url))).out.startswith("copy: 0 created")


def changed_footer(lines: list[bytes]) -> list[bytes]:
    """The same with the footer of what these lines are."""
    *before, _ = lines
    digest = BundleDigest()
    for line in before:
        digest.add(line)
    footer = {"documents": len(before) - 1, "vectors": 0, "checksum": digest.value.hex()}
    return [*before, json.dumps({"footer": footer}).encode() + b"\n"]


def edited(line: bytes, **changes: Any) -> bytes:
    return json.dumps({**json.loads(line), **changes}).encode() + b"\n"


async def test_what_is_no_whole_bundle_is_refused_before_anything_is_stored(
    library: Library, database_url: str, other_url: str, tmp_path: Path
) -> None:
    await library.upsert(a_document("a", "River."), a_document("b", "Hill."))
    await library.embed()
    header, first, second, footer = await exported(database_url, "--vectors")
    chunk = json.loads(first)["chunks"][0]
    infinite = base64.b64encode(b"\x7c\x00" * 384).decode()
    refused = {
        "The file is empty": [],
        "The file is no bundle": [b'{"id": "a", "body": "River."}\n'],
        "its first line is not a bundle's header": [b"\x00\xff\n"],
        "The bundle is of version 2, and this Concord reads version 1": [edited(header, concord_bundle=2)],
        "Line 1, embedding.model: Field required": [edited(header, embedding={"dimensions": 3})],
        "ends before its footer": [header, first],
        "ends before its footer: a part of it is missing": [header, first, second, footer[:-10]],
        "are not those that its footer is of": [header, second, footer],
        "lines are not those": [header, first, edited(second, title="Another"), footer],
    }
    for message, lines in refused.items():
        outcome = await imported(other_url, lines)
        assert (outcome.code, message in " ".join(outcome.said.split())) == (1, True), outcome.said
    assert execute(other_url, "SELECT name FROM concord.collection") == []
    # What a line is, is seen when its turn comes.
    for message, lines in {
        "Line 3, id: String should match pattern": [header, first, edited(second, id="a/b"), footer],
        "Line 3, as a whole: Invalid JSON": [header, first, b"{\n", footer],
        "is not 384 half-precision numbers": [
            header, edited(first, chunks=[{**chunk, "vector": "AAAA"}]), footer
        ],
        "not 384 half-precision": [header, edited(first, chunks=[{**chunk, "vector": "é"}]), footer],
        "has numbers that are not finite": [
            header, edited(first, chunks=[{**chunk, "vector": infinite}]), footer
        ],
    }.items():  # fmt: skip
        outcome = await imported(other_url, changed_footer(lines), "--merge")
        assert (outcome.code, message in " ".join(outcome.said.split())) == (1, True), outcome.said
    missing = await run(other_url, "import", str(tmp_path / "missing"), "-c", "copy")
    assert (missing.code, "cannot be read: No such file" in missing.said) == (1, True)


async def test_vectors_of_another_model_are_refused(
    library: Library, database_url: str, other: Library, other_url: str
) -> None:
    await library.upsert(a_document("a", "River."))
    await library.embed()
    header, document, footer = await exported(database_url, "--vectors")
    lines = changed_footer(
        [edited(header, embedding={"model": "another", "dimensions": 3}), document, footer]
    )
    said = "The bundle's vectors are made by another (3 dimensions), those of copy by all-MiniLM-L6-v2 (384)"
    assert said in " ".join((await imported(other_url, lines)).said.split())
    await other.create()
    assert said in " ".join((await imported(other_url, lines)).said.split())
    assert (await imported(other_url, lines, "--without-vectors")).code == 0
    assert await other.find("river", mode="keyword") == ["a"]


async def test_vectors_of_another_text_are_left_to_the_worker(
    library: Library, database_url: str, other: Library, other_url: str
) -> None:
    """As when chunks are cut elsewhere by another version."""
    await library.upsert(a_document("a", "River."))
    await library.embed()
    header, document, footer = await exported(database_url, "--vectors")
    chunk = json.loads(document)["chunks"][0]
    lines = changed_footer([header, edited(document, chunks=[{**chunk, "hash": "0" * 32}]), footer])
    assert (await imported(other_url, lines)).code == 0
    assert list(jobs(other_url)) == ["a"]
    assert (await other.embed()).chunks == 1


async def test_a_document_that_is_there_twice_is_stored_as_it_is_last(
    library: Library, database_url: str, other: Library, other_url: str
) -> None:
    await library.upsert(a_document("a", "River."))
    header, document, footer = await exported(database_url)
    lines = changed_footer([header, document, edited(document, body="Hill."), footer])
    assert (await imported(other_url, lines)).out == "copy: 1 created, 1 updated, 0 unchanged, 0 failed\n"
    assert (await other.get("a")).body == "Hill."


async def test_by_another_name(library: Library, database_url: str, redis_url: str, other_url: str) -> None:
    """A collection is exported and imported by an alias, and no name of it leads to what was cached."""
    await library.upsert(a_document("a", "River."))
    assert (await run(database_url, "alias", "set", "books", "library")).code == 0
    done = await run(database_url, "export", "books")
    lines = done.out.encode().splitlines(keepends=True)
    checked = check_bundle(lines)
    assert (checked.header.collection.name, checked.documents) == ("library", 1)
    assert (await imported(other_url, lines)).code == 0
    cache = RedisCache(redis_url, ttl_seconds=30, budget_seconds=PATIENT)
    keys = [CacheKey(collection_scope(name), "admin", "GET /bundles") for name in ("books", "library")]
    source = Source()
    for key in keys:
        await cache.read(key, source)
    target = BundleTarget("books", EmbeddingSpace(*SPACE), merge=True, with_vectors=False)
    changed = [lines[0], edited(lines[1], body="Hill."), lines[2]]
    counts = await import_bundle(
        library.database, cache, ADMIN, target, checked.header, changed, lambda _done: None
    )
    assert (counts["updated"], (await library.get("a")).body) == (1, "Hill.")
    for key in keys:
        await cache.read(key, source)
    assert source.asked == 4
    await cache.aclose()


async def test_a_compressed_bundle_is_imported_as_it_is(
    library: Library, database_url: str, other_url: str, tmp_path: Path
) -> None:
    await library.upsert(a_document("a", "River."), a_document("b", "Hill."))
    lines = await exported(database_url)
    # As an export has it: compressed in parts.
    packed = b"".join(map(gzip.compress, lines))
    file = tmp_path / "library.ndjson.gz"
    file.write_bytes(packed)
    done = await run(other_url, "import", str(file), "--collection", "copy")
    assert done.out == "copy: 2 created, 0 updated, 0 unchanged, 0 failed\n"
    assert (await imported(other_url, [packed], "--merge")).out.startswith("copy: 0 created")
    for damaged in (packed[:-5], packed[:-12] + b"\0" * 12, packed[:15] + b"\xff" * 15):
        refused = await imported(other_url, [damaged])
        assert (refused.code, "is damaged, or a part of it is missing" in refused.said) == (1, True)


async def test_a_deployment_that_gives_no_bundle(
    library: Library, database_url: str, deployment: Deployment, tmp_path: Path
) -> None:
    assert library.name == "library"
    file = tmp_path / "file"
    waiting = {"id": "1", "state": "waiting", "documents": 0, "documents_total": 1}
    failed = {**waiting, "state": "failed", "error": "The export was interrupted."}
    complete = {**waiting, "state": "complete", "download": {"url": f"{deployment.url}/bundle"}}
    nowhere = {**complete, "download": {"url": "http://127.0.0.1:9/bundle"}}
    for answers, said in (
        ([(202, waiting), (200, failed)], "The export was interrupted."),
        ([(202, complete), (403, {})], "The download was refused with status 403."),
        ([(202, nowhere)], "127.0.0.1 gives no download"),
    ):
        for status, body in answers:
            deployment.answer(status, body)
        done = await run(database_url, "export", "library", "-o", str(file), "--url", deployment.url)
        assert (done.code, said in " ".join(done.said.split())) == (1, True), done.said
    assert files_in(tmp_path) == []


async def test_a_key_is_for_the_api_and_not_for_its_storage(
    database_url: str, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONCORD_API_KEY", "secret")
    bundle = {"url": f"{deployment.url}/bundle"}
    deployment.answer(202, {"id": "1", "state": "complete", "documents": 0, "download": bundle})
    deployment.answer(200, gzip.compress(b"a bundle"))
    done = await run(database_url, "export", "x", "-o", str(tmp_path / "file"), "--url", deployment.url)
    assert (done.code, (tmp_path / "file").read_bytes()) == (0, b"a bundle")
    headers = [{name.lower() for name in headers} for _, _, headers, _ in deployment.asked]
    assert ["authorization" in names for names in headers] == [True, False]


async def test_what_cannot_be_exported(library: Library, database_url: str, tmp_path: Path) -> None:
    missing = await run(database_url, "export", "nothing", "-o", str(tmp_path / "file"))
    assert (missing.code, "no nothing" in missing.said) == (1, True)
    nowhere = await run(database_url, "export", library.name, "-o", str(tmp_path / "missing" / "file"))
    assert (nowhere.code, "cannot be written: No such file" in nowhere.said) == (1, True)
    assert files_in(tmp_path) == []


@pytest.mark.usefixtures("library")
async def test_a_line_that_no_bundle_has(
    database_url: str, other_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = await exported(database_url)
    monkeypatch.setattr(bundle_files, "MAX_LINE_BYTES", 10)
    done = await imported(other_url, lines)
    assert (done.code, "A line has 10 bytes or more" in done.said) == (1, True)


async def test_a_document_that_a_deployment_refuses_is_named(
    library: Library, database_url: str, deployment: Deployment
) -> None:
    await library.upsert(a_document("a", "River."))
    lines = await exported(database_url)
    error = {"code": "unavailable", "message": "Try again.", "type": "unavailable", "details": []}
    deployment.answer(201, {})
    deployment.answer(
        207, {"items": [{"index": 0, "id": "a", "status": "failed", "error": error}], "errors": 1}
    )
    done = await imported(database_url, lines, "--url", deployment.url)
    assert (done.code, done.out) == (1, "copy: 0 created, 0 updated, 0 unchanged, 1 failed\n")
    assert "line 2: Try again." in done.said


@pytest.mark.parametrize(("model", "comes_along"), [("all-MiniLM-L6-v2", True), ("another", False)])
async def test_a_documents_own_vector_goes_where_the_model_is_the_same(
    library: Library, database_url: str, deployment: Deployment, model: str, *, comes_along: bool
) -> None:
    vector = (0.6001, 0.8, *[0.0] * 382)
    await library.upsert(a_document("a", "River.", vector=vector))
    lines = await exported(database_url, "--vectors")
    deployment.answer(201, {"model": model, "dimensions": 384})
    item = {"index": 0, "id": "a", "status": "created", "error": None}
    deployment.answer(200, {"items": [item], "errors": 0})
    done = await imported(database_url, lines, "--url", deployment.url)
    assert (done.code, done.out) == (0, "copy: 1 created, 0 updated, 0 unchanged, 0 failed\n")
    (sent,) = json.loads(deployment.asked[-1][3])["documents"]
    if comes_along:
        assert sent["vector"] == pytest.approx(vector, abs=1e-3)
    else:
        assert "vector" not in sent


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_bundle_that_has_no_room_is_told_so(
    library: Library, database_url: str, other_url: str
) -> None:
    await library.upsert(a_document("a"), a_document("b"))
    lines = await exported(database_url)
    execute(
        other_url,
        "INSERT INTO concord.embedding_space (model, dimensions) SELECT 'all-MiniLM-L6-v2', 384"
        " WHERE NOT EXISTS (SELECT FROM concord.embedding_space)",
    )
    execute(
        other_url,
        "INSERT INTO concord.collection (name, space_id, max_documents)"
        " SELECT 'copy', id, 1 FROM concord.embedding_space LIMIT 1",
    )
    refused = await imported(other_url, lines)
    assert (refused.code, refused.out) == (1, "")
    assert "The collection has as many documents as it may" in refused.said
    assert execute(other_url, "SELECT count(*) FROM concord.document") == [(0,)]
    execute(other_url, "UPDATE concord.collection SET max_documents = NULL")
    assert (await imported(other_url, lines)).code == 0
