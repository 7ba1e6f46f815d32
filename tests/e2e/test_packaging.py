"""`concord package`: what it writes, that it writes the same again, and what an edit changes."""

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.local.packaging import left_out, packages
from shared.local.packaging.closure import modules_of
from shared.local.packaging.failure import PackagingFailed
from shared.local.packaging.layers import LAYERS, Architecture, Layer
from shared.local.packaging.packages import package
from shared.local.packaging.toolchain import ROOT, export_requirements, install
from tests.builders.command_line import concord
from tests.builders.packages import THIS_MACHINE, PackageFolder

OTHER_MACHINE = next(architecture for architecture in Architecture if architecture != THIS_MACHINE)
# ELF's numbers of the processors.
MACHINES = {Architecture.ARM64: 183, Architecture.X86_64: 62}
RUN = "from shared.cli.application import main; main()"


@pytest.fixture(scope="session")
def output(packages: PackageFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is packaged, so that layers need not be made again."""
    return shutil.copytree(packages.folder, tmp_path_factory.mktemp("output") / ".build")


@pytest.fixture(scope="session")
def for_the_other(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Everything made from nothing, for the processor that this machine does not have, and the report."""
    folder = tmp_path_factory.mktemp("other")
    made = concord("package", "--json", "--architecture", OTHER_MACHINE, "--output", str(folder))
    assert made.code == 0, made.said
    return folder, made.json


def hashes(report: dict[str, Any], kind: str = "functions") -> dict[str, str]:
    return {made["name"]: made["hash"] for made in report[kind]}


def packaged(folder: Path, *names: str) -> dict[str, Any]:
    made = concord("package", *names, "--json", "--architecture", THIS_MACHINE, "--output", str(folder))
    assert made.code == 0, made.said
    report: dict[str, Any] = made.json
    return report


def test_the_same_again_is_the_same(output: Path, tmp_path: Path) -> None:
    first, second = packaged(output), packaged(tmp_path / "elsewhere")
    assert hashes(first) == hashes(second)
    assert hashes(first, "layers") == hashes(second, "layers")
    assert not any(made["changed"] for made in first["functions"] + first["layers"])
    assert all(made["changed"] for made in second["functions"] + second["layers"])
    times = {path.stat().st_mtime for path in (tmp_path / "elsewhere" / "layers").rglob("*")}
    assert len(times) == 1


def test_code_of_our_own_is_the_same_on_both_processors(
    output: Path, for_the_other: tuple[Path, dict[str, Any]]
) -> None:
    assert hashes(packaged(output)) == hashes(for_the_other[1])
    assert hashes(packaged(output), "layers").keys() == hashes(for_the_other[1], "layers").keys()


@pytest.mark.parametrize("architecture", list(Architecture))
def test_compiled_code_is_for_the_processor(
    architecture: Architecture, output: Path, for_the_other: tuple[Path, dict[str, Any]]
) -> None:
    folder = output if architecture is THIS_MACHINE else for_the_other[0]
    libraries = [path for path in (folder / "layers").rglob("*.so*") if path.is_file()]
    assert len(libraries) > 10
    machines = {struct.unpack_from("<H", path.read_bytes()[:20], 18)[0] for path in libraries}
    assert machines == {MACHINES[architecture]}


def test_sizes_are_within_lambdas_limits(output: Path, for_the_other: tuple[Path, dict[str, Any]]) -> None:
    for report in (packaged(output), for_the_other[1]):
        layers = {layer["name"]: layer["bytes"] for layer in report["layers"]}
        assert layers["runtime"] < 60_000_000
        assert layers["model"] < 130_000_000
        for function in report["functions"]:
            assert function["bytes"] < 1_500_000, function
            assert function["bytes"] + sum(layers[name] for name in function["layers"]) < 250_000_000


def test_no_file_tells_where_it_was_made(output: Path) -> None:
    telling = str(ROOT).encode()
    telling_too = str(output.parent).encode()
    ours = [path for path in output.rglob("*") if path.is_file() and path.suffix in {".py", ".pyc", ""}]
    assert len(ours) > 1000
    assert not [path for path in ours if telling in path.read_bytes() or telling_too in path.read_bytes()]


def test_every_python_file_has_bytecode_and_no_bytecode_is_alone(output: Path) -> None:
    sources = {path for path in output.rglob("*.py") if path.is_file()}
    compiled = {path.parent.parent / f"{path.name.split('.')[0]}.py" for path in output.rglob("*.pyc")}
    assert compiled == sources


@pytest.fixture
def edited(tmp_path: Path, output: Path) -> Callable[[], dict[str, Any]]:
    """Packages a copy of the project, in which a test may edit, with its own code."""
    tree = tmp_path / "tree"
    unwanted = shutil.ignore_patterns("__pycache__", "node_modules")
    for folder in ("functions", "shared", "prisma/migrations", "infra/certificates"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=unwanted)
    for file in ("pyproject.toml", "template.yaml", "uv.lock"):
        shutil.copyfile(ROOT / file, tree / file)
    shutil.copytree(output, tree / ".build")

    def run() -> dict[str, Any]:
        # Not measured: the copy's files are gone when coverage looks for them.
        environment = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}
        done = subprocess.run(
            [sys.executable, "-c", RUN, "package", "--json", "--architecture", THIS_MACHINE],
            cwd=tree, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    return run


def test_an_edit_changes_the_functions_that_reach_it(
    edited: Callable[[], dict[str, Any]], tmp_path: Path
) -> None:
    before = edited()
    service = tmp_path / "tree" / "shared" / "services" / "list_documents.py"
    service.write_text(service.read_text() + "\n_EDITED = True\n")
    after = edited()
    changed = {name for name, digest in hashes(after).items() if digest != hashes(before)[name]}
    assert changed == {made["name"] for made in after["functions"] if made["changed"]}
    assert changed == {"documents_list"}
    assert hashes(after, "layers") == hashes(before, "layers")


def test_an_edit_that_many_reach_changes_those(edited: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    before = edited()
    statements = tmp_path / "tree" / "shared" / "repositories" / "sql" / "documents.sql"
    statements.write_text(statements.read_text() + "\n-- Edited.\n")
    after = edited()
    changed = {name for name, digest in hashes(after).items() if digest != hashes(before)[name]}
    reaching = {name for name in hashes(before) if "shared.repositories.documents" in modules_of(name)}
    assert changed == reaching
    assert {"documents_get", "documents_search"} <= reaching
    assert not {"collections_get", "health_get", "database_migrate"} & reaching


def test_a_part_of_the_functions(output: Path) -> None:
    assert hashes(packaged(output, "documents_get")).keys() == {"documents_get"}
    assert hashes(packaged(output, "documents_get"), "layers").keys() == {"runtime"}
    assert (output / "functions" / "health_get").is_dir()


def test_a_function_that_is_gone_goes(output: Path) -> None:
    (output / "functions" / "gone").mkdir()
    packaged(output, "health_get")
    assert (output / "functions" / "gone").is_dir()
    packaged(output)
    assert not (output / "functions" / "gone").exists()


def test_a_layer_that_somebody_changed_is_made_again(output: Path) -> None:
    file = output / "layers" / "runtime" / "python" / "mangum" / "__init__.py"
    right = file.read_text()
    file.write_text("")
    made = concord("package", "health_get", "--architecture", THIS_MACHINE, "--output", str(output))
    assert "Making the layer runtime" in made.said
    assert file.read_text() == right


def test_a_changed_layer_says_whom_it_touches(output: Path) -> None:
    manifest = output / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"layers"', '"former_layers"'))
    made = concord("package", "--architecture", THIS_MACHINE, "--output", str(output))
    assert "The layer runtime has changed: every function that uses it changes with it." in made.said
    assert "Changed since the last time: health_get" in made.said
    again = concord("package", "--architecture", THIS_MACHINE, "--output", str(output))
    assert "Changed since the last time: no function." in again.said
    assert "documents_search" in again.out


def test_an_unknown_function_is_answered_with_those_there_are(tmp_path: Path) -> None:
    refused = concord("package", "documents_find", "--output", str(tmp_path))
    assert refused.code == 1
    assert "There is no function documents_find; there are: " in refused.said
    assert "documents_search" in refused.said


def test_an_unknown_processor_is_refused(tmp_path: Path) -> None:
    refused = concord("package", "--architecture", "sparc", "--output", str(tmp_path))
    assert refused.code == 2
    assert "arm64 or x86_64" in refused.said


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("MOST_BYTES_OF_A_FUNCTION", r"health_get has [\d,]+ bytes of its own"),
        ("MOST_BYTES_TOGETHER", r"health_get has [\d,]+ bytes with its layers"),
    ],
)
def test_what_is_too_large_is_refused(
    limit: str, message: str, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, limit, 100_000)
    with pytest.raises(PackagingFailed, match=message):
        package(["health_get"], architecture=THIS_MACHINE, output=output, tell=print)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_what_is_left_out_is_there_to_be_left_out(layer: Layer, tmp_path: Path) -> None:
    exported = export_requirements(layer.groups)
    assert [name for name in layer.packages_left_out if f"\n{name}==" not in f"\n{exported}"] == []
    (tmp_path / "requirements.txt").write_text(layer.requirements())
    install(tmp_path / "requirements.txt", tmp_path / "python", platform=THIS_MACHINE.platform)
    paths = [path.relative_to(tmp_path / "python").as_posix() for path in (tmp_path / "python").rglob("*")]
    own = set(layer.files_left_out) - set(left_out.FILES_OF_ANY)
    assert [
        pattern for pattern in own if not any(left_out.is_left_out(path, (pattern,)) for path in paths)
    ] == []
