import pytest

from shared.local.function_list import list_functions
from shared.local.packaging.closure import files_of, modules_of
from shared.local.packaging.toolchain import ROOT

# Folders whose files no function has.
ELSEWHERE = ("shared/cli/", "shared/local/")


def files(function: str) -> set[str]:
    return set(files_of(modules_of(function)))


def test_a_function_has_its_own_folder_and_what_it_imports() -> None:
    assert {
        "functions/__init__.py",
        "functions/documents_get/handler.py",
        "functions/documents_get/settings.py",
        "shared/http/__init__.py",
        "shared/services/get_document.py",
        "shared/database/connections.py",
    } <= files("documents_get")


def test_a_function_has_no_other_function_and_nothing_else() -> None:
    assert {path.split("/")[1] for path in files("documents_get") if path.startswith("functions/")} == {
        "__init__.py",
        "documents_get",
    }
    # What opens a connection stays with those that do.
    assert "shared/database/connections.py" not in files("health_get")
    assert "shared/database/connections.py" in files("documents_get")


def test_imports_made_later_count() -> None:
    assert {"shared/cache/redis.py", "shared/querying/filter_parser.py"} <= files("documents_search")


def test_data_comes_with_the_module_that_reads_it() -> None:
    assert "shared/repositories/sql/documents.sql" in files("documents_get")
    assert "shared/repositories/sql/search.sql" not in files("documents_get")
    assert "shared/querying/filter_grammar.lark" in files("documents_list")
    assert "shared/querying/filter_grammar.lark" not in files("aliases_list")
    assert "functions/openapi_get/openapi.json" in files("openapi_get")
    migrations = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("prisma/migrations/*/*.sql")}
    assert migrations
    assert migrations <= files("database_migrate")
    assert not migrations & files("indexes_maintain")


def test_every_data_file_comes_with_some_function() -> None:
    packaged = set().union(*(files(function.name) for function in list_functions()))
    lying = {
        path.relative_to(ROOT).as_posix()
        for folder in ("functions", "shared")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    ours = {path for path in lying if not path.startswith(ELSEWHERE)}
    laptop_only = {f"shared/repositories/sql/{name}.sql" for name in ("diagnostics", "recovery")}
    assert ours - packaged == laptop_only


@pytest.mark.parametrize("name", [function.name for function in list_functions()])
def test_no_function_has_what_only_a_laptop_needs(name: str) -> None:
    assert not [path for path in files(name) if path.startswith(ELSEWHERE)]
    assert not [path for path in files(name) if "local_model_build" in path or "local_model_graph" in path]


def test_paths_are_in_order() -> None:
    assert files_of(modules_of("documents_get")) == sorted(files("documents_get"))
