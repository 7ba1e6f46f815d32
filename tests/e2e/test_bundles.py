"""`concord export` and `concord import` over HTTP, as to a deployed Concord."""

import json
from pathlib import Path

import httpx

from tests.builders.command_line import concord, serving

SETTINGS = {"synonyms": [["torch", "lamp"]], "pins": [{"query": "present", "documents": ["lamp"]}]}


def test_a_collection_goes_from_one_to_the_other(laptop: Path, tmp_path: Path) -> None:
    file = tmp_path / "bundle.ndjson"
    with serving("up", "--port", "0", folder=laptop) as (address, _process):
        root = f"{address}/v1/collections"
        httpx.post(root, json={"name": "shop", "language": "german", "settings": SETTINGS}).raise_for_status()
        documents = [
            {"id": f"d{place:03}", "body": f"Laterne Nummer {place}.", "metadata": {"n": place}}
            for place in range(120)
        ]
        httpx.post(f"{root}/shop/documents", json={"documents": documents}).raise_for_status()
        done = concord("export", "shop", "-o", str(file), "--url", address)
        assert (done.code, done.said.splitlines()[-1]) == (0, "shop: 120 documents")
        stored = concord("import", str(file), "-c", "copied", "--url", address, "--json")
        outcomes = {"created": 120, "updated": 0, "unchanged": 0, "failed": 0}
        assert (stored.code, stored.json) == (0, {"collection": "copied", **outcomes})
        found = httpx.get(f"{root}/copied").json()
        assert (found["language"], found["documents"]) == ("german", 120)
        assert found["settings"] == httpx.get(f"{root}/shop").json()["settings"]
        assert httpx.get(f"{root}/copied/documents/d007").json()["metadata"] == {"n": 7}
        refused = concord("import", str(file), "-c", "copied", "--url", address)
        assert (refused.code, "copied has documents already" in refused.said) == (1, True)
        merged = concord("import", str(file), "-c", "copied", "--url", address, "--merge")
        assert merged.out == "copied: 0 created, 0 updated, 120 unchanged, 0 failed\n"
        elsewhere = concord("import", str(file), "-c", "no/name", "--url", address)
        assert elsewhere.code == 1
        # What the laptop's own database gives is the same but for the order.
        lines = concord("export", "shop").out.splitlines()
    assert sorted(lines[1:-1]) == sorted(file.read_text().splitlines()[1:-1])
    assert json.loads(lines[0])["collection"] == json.loads(file.read_text().splitlines()[0])["collection"]
