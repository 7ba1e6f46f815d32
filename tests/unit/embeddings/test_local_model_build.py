import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from shared.config import ConfigurationError
from shared.embeddings import local_model_build
from shared.embeddings.local_model_build import (
    cache_directory,
    ensure_model_files,
    require_weights,
)
from shared.embeddings.local_model_files import (
    CHECKSUMS,
    GRAPH,
    MODEL_FILES,
    TOKENIZER,
    has_all_files,
    is_whole,
)

# Prints which file came about, after some other process may have put its own in place.
BUILD = """
import sys, pathlib
from shared.embeddings.local_model_build import ensure_model_files
folder = ensure_model_files(pathlib.Path(sys.argv[1]))
print((folder / "model.onnx").stat().st_ino, "onnx" in sys.modules)
"""


@pytest.fixture
def cache(model_directory: Path, tmp_path: Path) -> Path:
    """A cache folder of the test's own with a built model in it."""
    shutil.copytree(model_directory, tmp_path / "models" / model_directory.name)
    return tmp_path


@pytest.fixture
def fake_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed weights package whose weights are not the published ones."""
    folder = tmp_path / "site" / "fake_weights" / "model"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "model.safetensors").write_bytes(b"something else")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(local_model_build, "WEIGHTS_PACKAGE", "fake_weights")
    return folder


def test_two_processes_build_one_model(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BUILD, str(tmp_path)]
    builders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [builder.communicate(timeout=120)[0].split() for builder in builders]

    assert len({inode for inode, _ in answers}) == 1
    assert sorted(built for _, built in answers) == ["False", "True"]
    (folder,) = (path for path in (tmp_path / "models").iterdir() if path.is_dir())
    assert sorted(path.name for path in folder.iterdir()) == sorted(MODEL_FILES)
    assert is_whole(folder)


def test_a_built_model_is_not_built_again(cache: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", BUILD, str(cache)], capture_output=True, text=True, check=True
    )

    assert answer.stdout.split()[1] == "False"


@pytest.mark.parametrize("name", [GRAPH, TOKENIZER])
def test_a_damaged_file_is_built_again(cache: Path, name: str) -> None:
    folder = ensure_model_files(cache)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-1] + b"\x00")
    assert not is_whole(folder)

    assert ensure_model_files(cache) == folder

    assert is_whole(folder)
    assert (folder / name).read_bytes() == whole


@pytest.mark.parametrize("written", ["", "abc", "a  b  c\n", "\xff  model.onnx\n"])
def test_checksums_that_cannot_be_read_are_no_checksums(cache: Path, written: str) -> None:
    folder = ensure_model_files(cache)
    (folder / CHECKSUMS).write_text(written, encoding="latin-1")

    assert not is_whole(folder)


def test_a_folder_without_checksums_is_not_whole(cache: Path) -> None:
    folder = ensure_model_files(cache)
    assert has_all_files(folder)
    (folder / CHECKSUMS).unlink()

    assert not is_whole(folder)
    assert not has_all_files(folder)


def test_the_checksums_are_as_sha256sum_reads_them(model_directory: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", CHECKSUMS], cwd=model_directory, check=True)


def test_weights_other_than_the_published_ones_are_refused(fake_package: Path, tmp_path: Path) -> None:
    assert require_weights() == fake_package

    with pytest.raises(ConfigurationError, match="SHA-256"):
        ensure_model_files(tmp_path / "cache")


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_model_build, "WEIGHTS_PACKAGE", "no_such_weights")

    with pytest.raises(ConfigurationError, match=r"EMBEDDING_MODEL_DIR.*no_such_weights"):
        require_weights()


def test_a_module_in_place_of_the_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_model_build, "WEIGHTS_PACKAGE", "this")

    with pytest.raises(ConfigurationError):
        require_weights()


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"CONCORD_CACHE_DIR": "/var/concord", "XDG_CACHE_HOME": "/var/xdg"}, "/var/concord"),
        ({"XDG_CACHE_HOME": "/var/xdg"}, "/var/xdg/concord"),
        ({"HOME": "/home/somebody"}, "/home/somebody/.cache/concord"),
    ],
)
def test_where_the_cache_folder_is(
    environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CONCORD_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert cache_directory() == Path(folder)


def test_no_product_of_weights_overflows_16_bits(model_directory: Path) -> None:
    """On processors without VNNI two products are added in 16 bits; see decision 0003."""
    graph = onnx.load(model_directory / GRAPH).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    products = [node for node in graph.node if node.op_type == "DynamicQuantizeMatMul"]

    largest = [np.abs(onnx.numpy_helper.to_array(constants[node.input[1]])).max() for node in products]

    assert len(products) == 6 * 4
    assert int(max(largest)) * 255 * 2 <= 32_767
