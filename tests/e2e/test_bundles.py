"""`concord export` and `concord import` over HTTP, as to a deployed Concord."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from shared.domain.bundles import BundleHeader, BundleLines
from tests.builders.command_line import concord, serving

SETTINGS = {"synonyms": [["torch", "lamp"]], "pins": [{"query": "present", "documents": ["lamp"]}]}
LATER = "2036-01-31T12:00:00Z"


def test_a_collection_goes_from_one_to_the_other(laptop: Path, tmp_path: Path) -> None:
    file = tmp_path / "bundle.ndjson"
    with serving("up", "--port", "0", folder=laptop) as (address, _process):
        root = f"{address}/v1/collections"
        shop = {"name": "shop", "language": "german", "ttl_seconds": 86_400, "settings": SETTINGS}
        httpx.post(root, json=shop).raise_for_status()
        documents: list[dict[str, Any]] = [
            {"id": f"d{place:03}", "body": f"Laterne Nummer {place}.", "metadata": {"n": place}}
            for place in range(120)
        ]
        documents[7]["expires_at"] = LATER
        httpx.post(f"{root}/shop/documents", json={"documents": documents}).raise_for_status()
        done = concord("export", "shop", "-o", str(file), "--url", address)
        assert (done.code, done.said.splitlines()[-1]) == (0, "shop: 120 documents")
        stored = concord("import", str(file), "-c", "copied", "--url", address, "--json")
        outcomes = {"created": 120, "updated": 0, "unchanged": 0, "failed": 0}
        assert (stored.code, stored.json) == (0, {"collection": "copied", **outcomes})
        found = httpx.get(f"{root}/copied").json()
        assert (found["language"], found["ttl_seconds"], found["documents"]) == ("german", 86_400, 120)
        assert found["settings"] == httpx.get(f"{root}/shop").json()["settings"]
        copied = httpx.get(f"{root}/copied/documents/d007").json()
        assert (copied["metadata"], copied["expires_at"]) == ({"n": 7}, LATER)
        assert httpx.get(f"{root}/copied/documents/d008").json()["expires_by_ttl"] is True
        refused = concord("import", str(file), "-c", "copied", "--url", address)
        assert (refused.code, "copied has documents already" in refused.said) == (1, True)
        merged = concord("import", str(file), "-c", "copied", "--url", address, "--merge")
        assert merged.out == "copied: 0 created, 0 updated, 120 unchanged, 0 failed\n"
        elsewhere = concord("import", str(file), "-c", "no/name", "--url", address)
        assert elsewhere.code == 1
        # What the laptop's own database gives is the same.
        lines = concord("export", "shop").out.splitlines()
    assert lines[1:-1] == file.read_text().splitlines()[1:-1]
    assert json.loads(lines[0])["collection"] == json.loads(file.read_text().splitlines()[0])["collection"]


def test_what_has_expired_since_the_export_is_left_out(laptop: Path, tmp_path: Path) -> None:
    file = tmp_path / "bundle.ndjson"
    past, lines = datetime(2020, 1, 1, tzinfo=UTC), BundleLines()
    times = {"created_at": past, "updated_at": past}
    file.write_bytes(
        lines.header(BundleHeader.of({"name": "seasonal"}, "all-MiniLM-L6-v2", 384, vectors=False))
        + lines.document({"id": "gone"}, {**times, "expires_at": past}, [])
        + lines.document({"id": "there"}, times, [])
        + lines.footer()
    )
    with serving("up", "--port", "0", folder=laptop) as (address, _process):
        stored = concord("import", str(file), "-c", "seasonal", "--url", address, "--json")
        assert stored.code == 0, stored.said
        assert (stored.code, stored.json["created"], stored.json["failed"]) == (0, 1, 0)
        answered = httpx.get(f"{address}/v1/collections/seasonal/documents").json()
    assert [document["id"] for document in answered["documents"]] == ["there"]
