"""Makes the packages: a folder per function with its own code, a folder per layer with everybody else's."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.local.function_list import find_function, list_functions
from shared.local.packaging import start
from shared.local.packaging.closure import files_of, modules_of
from shared.local.packaging.failure import PackagingFailed
from shared.local.packaging.folders import Contents, contents_of, copy_files, put_in_place
from shared.local.packaging.layers import Architecture, Layer, layers_of
from shared.local.packaging.manifest import Manifest
from shared.local.packaging.toolchain import ROOT, bytecode_of, write_bytecode

# Where Lambda unpacks a function's package.
DEPLOYED = "/var/task"
# Ours, so that a package stays what a function needs.
MOST_BYTES_OF_A_FUNCTION = 1_500_000
# Lambda's, unzipped and together with the layers.
MOST_BYTES_TOGETHER = 250_000_000

type Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Package:
    """A function's or a layer's folder. `has_changed`: since the last run, or it was not there then."""

    name: str
    contents: Contents
    has_changed: bool
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Packages:
    functions: list[Package]
    layers: list[Package]


def package(names: Sequence[str], *, architecture: Architecture, output: Path, tell: Tell) -> Packages:
    """Package these functions, or all when none is named, and the layers they need, into `output`.

    `tell` hears of steps that take long. Raises ConfigurationError for an unknown name, PackagingFailed
    when a package passes a limit or when a program that it takes is missing or fails.
    """
    functions = [find_function(name) for name in names] or list_functions()
    modules = {function.name: modules_of(function.name) for function in functions}
    layers = {layer.name: layer for reached in modules.values() for layer in layers_of(reached)}
    with _work_folder(output) as work:
        before, manifest = Manifest.read(output), Manifest.read(output)
        for layer in layers.values():
            _package_layer(layer, architecture, output, work, manifest, tell)
        manifest.functions |= _package_functions(modules, output, work)
        if not names:
            _drop_all_but(modules, output, manifest)
        manifest.write(output)
    packages = Packages(
        [
            Package(
                name,
                manifest.functions[name],
                before.functions.get(name) != manifest.functions[name],
                tuple(layer.name for layer in layers_of(reached)),
            )
            for name, reached in modules.items()
        ],
        [
            Package(name, manifest.layers[name], before.layers.get(name) != manifest.layers[name])
            for name in layers
        ],
    )
    _refuse_large(packages)
    return packages


@contextmanager
def _work_folder(output: Path) -> Iterator[Path]:
    """A folder beside the packages, while no other process makes packages there."""
    output.mkdir(parents=True, exist_ok=True)
    with (output / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with tempfile.TemporaryDirectory(prefix=".work-", dir=output) as work:
            yield Path(work)


def _package_layer(
    layer: Layer, architecture: Architecture, output: Path, work: Path, manifest: Manifest, tell: Tell
) -> None:
    target = output / "layers" / layer.name
    requirements = layer.requirements()
    key = layer.key(architecture, requirements)
    if manifest.layer_keys.get(layer.name) == key and manifest.layers.get(layer.name) == contents_of(target):
        return
    tell(f"Making the layer {layer.name} for {architecture} …")
    made = work / layer.name
    layer.make(made, architecture, requirements)
    manifest.layers[layer.name] = put_in_place(made, target)
    manifest.layer_keys[layer.name] = key


def _package_functions(
    modules: Mapping[str, frozenset[str]], output: Path, work: Path
) -> dict[str, Contents]:
    """Our own code is compiled once for all functions, and each gets its part."""
    own = work / "own"
    copy_files(files_of(frozenset().union(*modules.values())), ROOT, own)
    (own / start.FILE).write_text(start.CODE, encoding="utf-8")
    write_bytecode(own, DEPLOYED)
    packaged = {}
    for name, reached in modules.items():
        made = work / "functions" / name
        files = files_of(reached)
        copy_files(files + [bytecode_of(file) for file in files if file.endswith(".py")], own, made)
        packaged[name] = put_in_place(made, output / "functions" / name)
    return packaged


def _drop_all_but(functions: Mapping[str, object], output: Path, manifest: Manifest) -> None:
    """Forget functions that are no longer in the template."""
    for folder in (output / "functions").iterdir():
        if folder.name not in functions:
            shutil.rmtree(folder)
    manifest.functions = {name: manifest.functions[name] for name in functions}


def _refuse_large(packages: Packages) -> None:
    sizes = {layer.name: layer.contents.bytes for layer in packages.layers}
    for function in packages.functions:
        own = function.contents.bytes
        if own > MOST_BYTES_OF_A_FUNCTION:
            raise PackagingFailed(f"{function.name} has {own:,} bytes of its own, over 1.5 MB.")
        together = own + sum(sizes[layer] for layer in function.layers)
        if together > MOST_BYTES_TOGETHER:
            raise PackagingFailed(f"{function.name} has {together:,} bytes with its layers, over 250 MB.")
