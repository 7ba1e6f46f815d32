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
    "aliases_delete": 569,
    "aliases_list": 573,
    "aliases_put": 571,
    "chunks_embed": 421,
    "chunks_preview": 585,
    "collections_create": 586,
    "collections_delete": 581,
    "collections_get": 581,
    "collections_list": 578,
    "collections_update": 593,
    "database_migrate": 394,
    "documents_delete": 599,
    "documents_delete_by_filter": 605,
    "documents_expire": 428,
    "documents_get": 579,
    "documents_list": 589,
    "documents_multi_search": 635,
    "documents_original": 585,
    "documents_search": 637,
    "documents_similar": 625,
    "documents_suggest": 592,
    "documents_update": 618,
    "documents_upsert": 617,
    "embeddings_change": 603,
    "embeddings_clean": 603,
    "embeddings_get": 603,
    "embeddings_switch": 603,
    "exports_build": 422,
    "exports_create": 592,
    "exports_get": 592,
    "health_get": 468,
    "imports_cancel": 581,
    "imports_create": 584,
    "imports_get": 582,
    "imports_list": 582,
    "imports_process": 466,
    "imports_retry": 584,
    "indexes_maintain": 426,
    "openapi_get": 442,
    "sources_create": 587,
    "keys_create": 572,
    "keys_list": 574,
    "keys_revoke": 569,
    "sources_delete": 600,
    "sources_fetch": 374,
    "sources_get": 577,
    "sources_list": 580,
    "sources_refresh": 406,
    "sources_store": 468,
    "audit_list": 573,
    "usage_get": 572,
    "usage_record": 400,
    "sources_update": 588,
    "jwks_fetch": 352,
    "jwks_store": 470,
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
WITHOUT_A_DATABASE = {"health_get", "jwks_fetch", "openapi_get", "sources_fetch"}

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
