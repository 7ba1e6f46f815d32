"""Which of our own files a function needs: the modules it imports, now or later, and the data they read."""

import ast
import functools
from collections.abc import Iterator

import grimp

from shared.local.packaging.toolchain import ROOT

# What modules read beside their statements, whose files they name.
_DATA_READ_BY = {
    "functions.openapi_get.handler": "functions/openapi_get/openapi.json",
    "shared.database.migration_files": "prisma/migrations/*/migration.sql",
    "shared.querying.filter_parser": "shared/querying/filter_grammar.lark",
}


def modules_of(function: str) -> frozenset[str]:
    """The function's own modules and all that they reach, with the packages these are in."""
    graph = _import_graph()
    package = f"functions.{function}"
    own = {package, *graph.find_descendants(package)}
    reached = own.union(*(graph.find_upstream_modules(module) for module in own))
    return frozenset(reached.union(*map(_packages_around, reached)))


def files_of(modules: frozenset[str]) -> list[str]:
    """The files of these modules, by their path inside the project."""
    found = set()
    for module in modules:
        found.add(_source_of(module))
        found.update(_data_of(module))
    return sorted(found)


@functools.cache
def _import_graph() -> grimp.ImportGraph:
    return grimp.build_graph("functions", "shared", exclude_type_checking_imports=True, cache_dir=None)


def _packages_around(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _source_of(module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}.py" if (ROOT / f"{path}.py").is_file() else f"{path}/__init__.py"


@functools.cache
def _data_of(module: str) -> list[str]:
    source = ast.parse((ROOT / _source_of(module)).read_bytes())
    named = [f"{package.replace('.', '/')}/{name}.sql" for package, name in _sql_files(source)]
    if module in _DATA_READ_BY:
        named += [path.relative_to(ROOT).as_posix() for path in ROOT.glob(_DATA_READ_BY[module])]
    return named


def _sql_files(source: ast.Module) -> Iterator[tuple[str, str]]:
    """The arguments of every `SqlFile("package", "name")`."""
    for node in ast.walk(source):
        match node:
            case ast.Call(
                func=ast.Name("SqlFile"),
                args=[ast.Constant(value=str(package)), ast.Constant(value=str(name))],
            ):
                yield package, name
