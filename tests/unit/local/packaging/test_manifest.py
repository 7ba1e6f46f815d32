from pathlib import Path

import pytest

from shared.local.packaging.folders import Contents
from shared.local.packaging.manifest import Manifest

CONTENTS = Contents(1, 2, "3")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    manifest = Manifest({"documents_get": CONTENTS}, {"runtime": CONTENTS}, {"runtime": "key"})
    manifest.write(tmp_path)
    assert Manifest.read(tmp_path) == manifest


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", '{"functions": {"x": {"a": 1}}, "layers": {}, "layer_keys": {}}']
)
def test_what_cannot_be_read_is_forgotten(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    assert Manifest.read(tmp_path) == Manifest()
