"""`concord up`, driven over HTTP."""

import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.builders.command_line import concord, concord_apart, servers_of, serving, wait_until_embedded


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_documents_go_in_and_are_found_by_meaning(
    tmp_path_factory: pytest.TempPathFactory, ending: signal.Signals
) -> None:
    # Its name is short enough for Redis to have its socket there, in each of the processes that share a run.
    folder = tmp_path_factory.mktemp("up")
    with serving("up", "--port", "0", folder=folder) as (address, process):
        assert httpx.post(f"{address}/v1/collections", json={"name": "pets"}).status_code == 201
        documents = [
            {"id": "dog", "body": "Dogs bark at the moon."},
            {"id": "saw", "body": "A saw cuts wood."},
        ]
        stored = httpx.post(f"{address}/v1/collections/pets/documents", json={"documents": documents})
        assert stored.json()["errors"] == 0
        wait_until_embedded(address, "pets")
        request = {"q": "canine noise", "mode": "semantic"}
        found = httpx.post(f"{address}/v1/collections/pets/search", json=request, timeout=30)
        assert found.json()["hits"][0]["document"]["id"] == "dog"
        again = httpx.post(f"{address}/v1/collections/pets/search", json=request)
        assert (found.headers["x-cache"], again.headers["x-cache"]) == ("miss", "hit")
        assert "swagger" in httpx.get(f"{address}/docs").text
        assert "/v1/collections" in httpx.get(f"{address}/openapi.json").json()["paths"]
        rebound = httpx.get(f"{address}/v1/collections", headers={"host": "evil.example"})
        assert (rebound.status_code, rebound.json()["error"]["code"]) == (421, "unknown_host")
        assert servers_of(folder) == ["postgres", "redis-server"]
        process.send_signal(ending)
        assert process.wait(timeout=30) == 0
    assert servers_of(folder) == []


def test_commands_speak_to_it_and_share_its_servers(project: Path) -> None:
    with serving("up", "--port", "0", folder=project) as (address, _):
        lines = b'{"id": "bread", "body": "Bread is baked from flour."}'
        arguments = ("-c", "remote", "--url", address)
        stored = concord("ingest", "-", *arguments, "--wait", "--json", stdin=lines)
        assert (stored.code, stored.json["created"], stored.json["pending"]) == (0, 1, 0)
        search = ("search", "baking", *arguments, "--json")
        assert concord(*search).json["hits"][0]["document"]["id"] == "bread"
        # A command beside it writes to the same database, and the server's cache forgets at once.
        (project / "cake.txt").write_text("Cake is baked too.")
        beside = concord_apart("ingest", "cake.txt", "-c", "remote", "--json", folder=project)
        assert (beside.code, beside.json["created"]) == (0, 1)
        worded = concord("search", "baked", *arguments, "--mode", "keyword", "--json").json
        assert {hit["document"]["id"] for hit in worded["hits"]} == {"bread", "cake.txt"}


def test_it_starts_anew_when_its_code_changes(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving("up", "--reload", "--port", str(port), folder=project) as (address, process):
        assert address == f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_a_taken_port_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for extra in ((), ("--reload",)):
            refused = concord("up", "--port", port, *extra)
            assert refused.code == 1
            assert f"Cannot listen on 127.0.0.1:{port}: Address already in use" in refused.said
    assert not (tmp_path / ".concord").exists()


def test_an_address_may_be_of_the_newer_kind(project: Path) -> None:
    with serving("up", "--host", "::1", "--port", "0", folder=project) as (address, _):
        assert address.startswith("http://[::1]:")
