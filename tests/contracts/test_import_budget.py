"""What importing a handler loads: a cold start pays for every module.

Counted rather than timed, so that it never depends on the machine. Raise a number only for a module that
the function needs before its first answer; what is needed later is imported by what needs it.
"""

import os
import subprocess
import sys

import pytest

from shared.local.function_list import find_function, list_functions

# Modules that importing the handler may load, on top of what Python loads by itself.
BUDGETS = {
    "aliases_delete": 562,
    "aliases_list": 564,
    "aliases_put": 564,
    "chunks_embed": 412,
    "chunks_preview": 576,
    "collections_create": 577,
    "collections_delete": 576,
    "collections_get": 574,
    "collections_list": 575,
    "collections_update": 582,
    "database_migrate": 394,
    "documents_delete": 586,
    "documents_delete_by_filter": 597,
    "documents_expire": 421,
    "documents_get": 571,
    "documents_list": 582,
    "documents_multi_search": 610,
    "documents_original": 575,
    "documents_search": 613,
    "documents_similar": 602,
    "documents_suggest": 570,
    "documents_update": 599,
    "documents_upsert": 599,
    "embeddings_change": 600,
    "embeddings_clean": 600,
    "embeddings_get": 600,
    "embeddings_switch": 600,
    "exports_build": 417,
    "exports_create": 582,
    "exports_get": 582,
    "health_get": 460,
    "imports_cancel": 573,
    "imports_create": 576,
    "imports_get": 574,
    "imports_list": 574,
    "imports_process": 458,
    "imports_retry": 576,
    "indexes_maintain": 414,
    "openapi_get": 434,
    "sources_create": 579,
    "sources_delete": 597,
    "sources_fetch": 373,
    "sources_get": 569,
    "sources_list": 572,
    "sources_refresh": 404,
    "sources_store": 460,
    "sources_update": 580,
}
# Loaded by the first use of what needs them, or never.
NEVER_AT_IMPORT = {
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "httpx",
    "lark",
    "multiprocessing",
    "numpy",
    "onnxruntime",
    "psycopg_pool",
    "redis",
    "shared.cli",
    "shared.local",
    "tenacity",
    "tokenizers",
    "yaml",
}
NEVER_WITHOUT_HTTP = {"fastapi", "mangum", "starlette"}
WITHOUT_A_DATABASE = {"health_get", "openapi_get", "sources_fetch"}

COUNT = "import sys; before = set(sys.modules); import {}; print(*sys.modules.keys() - before)"


def modules_of(module: str) -> set[str]:
    """What a fresh process loads with it; in a bare environment, so that nothing adds to it."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT.format(module)],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return set(done.stdout.split())


def test_every_function_has_a_budget() -> None:
    assert sorted(BUDGETS) == sorted(function.name for function in list_functions())


@pytest.mark.parametrize("name", BUDGETS)
def test_a_function_keeps_to_its_budget(name: str) -> None:
    modules = modules_of(f"functions.{name}.handler")
    forbidden = NEVER_AT_IMPORT | (set() if find_function(name).routes else NEVER_WITHOUT_HTTP)
    forbidden |= {"psycopg"} if name in WITHOUT_A_DATABASE else set()
    assert modules & forbidden == set()
    assert len(modules) <= BUDGETS[name]


def test_modules_are_seen() -> None:
    assert {"numpy", "onnxruntime"} <= modules_of("shared.embeddings.local_model")
