"""Who may import whom, and the form that files have."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = [path for folder in ("functions", "shared") for path in sorted((ROOT / folder).rglob("*.py"))]
HANDLER_LINES = 40
FILE_LINES = 300
FUNCTION_LINES = 50
# Names that say "reused" where they should say what about.
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core"}
# What imports or runs a module whose name the code does not show.
DYNAMIC = {"__import__", "exec_module", "import_module", "module_from_spec", "runpy"}
TOP_LEVEL = {
    ".ci",
    ".claude",
    ".cursorignore",
    ".devcontainer",
    ".env.example",
    ".gitignore",
    ".pre-commit-config.yaml",
    ".secrets.baseline",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "docker-compose.yml",
    "functions",
    "infra",
    "prisma",
    "pyproject.toml",
    "shared",
    "template.yaml",
    "tests",
    "uv.lock",
}


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def is_dynamic_import(node: ast.AST) -> bool:
    match node:
        case ast.Name(id="eval" | "exec"):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
            return name in DYNAMIC
        case _:
            return False


def test_the_import_rules_hold() -> None:
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert program
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_can_be_read_from_the_code() -> None:
    """So that what a function imports is all it needs; only the laptop's host loads by name."""
    local = ROOT / "shared" / "local"
    dynamic = {
        shown(path)
        for path in OURS
        if not path.is_relative_to(local) and any(is_dynamic_import(node) for node in nodes(path))
    }
    assert dynamic == set()


@pytest.mark.parametrize(
    "code",
    [
        "importlib.import_module(x)",
        "from importlib import import_module",
        "__import__(x)",
        "eval(x)",
        "import runpy",
    ],
)
def test_a_dynamic_import_is_noticed(code: str) -> None:
    assert any(is_dynamic_import(node) for node in ast.walk(ast.parse(code)))


def test_handlers_are_short() -> None:
    long = {shown(path): lines_of(path) for path in OURS if path.name == "handler.py"}
    assert {path: lines for path, lines in long.items() if lines > HANDLER_LINES} == {}


def test_files_are_short() -> None:
    long = {shown(path): lines_of(path) for path in OURS}
    # Generated: as long as there are columns.
    long.pop("shared/database/rows.py")
    # Lists, as long as there are errors and settings.
    long.pop("shared/errors.py")
    long.pop("shared/config.py")
    assert {path: lines for path, lines in long.items() if lines >= FILE_LINES} == {}


def test_functions_are_short() -> None:
    long = {
        f"{shown(path)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in OURS
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    }
    assert {name: lines for name, lines in long.items() if lines >= FUNCTION_LINES} == {}


def test_packages_do_nothing_when_imported() -> None:
    assert [shown(path) for path in OURS if path.name == "__init__.py" and path.stat().st_size] == []


def test_names_say_what_is_inside() -> None:
    named = {part for path in OURS for part in path.relative_to(ROOT).with_suffix("").parts}
    assert named & SAYS_NOTHING == set()


def test_nothing_lies_about() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("SKIPPED, as this is no git checkout.")
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {line.partition("/")[0] for line in done.stdout.splitlines()} == TOP_LEVEL
