"""The benchmarks run, on little generated text: their figures are for people, not for this test."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

ROOT = Path(__file__).parents[2]


def run(name: str, *options: str) -> dict[str, dict[str, float]]:
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", "--json", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    report: dict[str, dict[str, float]] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize(
    ("name", "options", "ratios"),
    [
        (
            "ingest",
            ["--documents", "10", "--short", "200"],
            {"ingest_vs_raw_embedder", "keyword_ingest_vs_plain_inserts"},
        ),
        (
            "chunking",
            ["--documents", "8", "--resamples", "100"],
            {"scifact_whole_vs_headings", "cranfield_whole_vs_headings"},
        ),
        ("imports", ["--documents", "700"], {"import_vs_copy"}),
        ("deletes", ["--documents", "1500", "--purged", "1100"], {"delete_by_hand_vs_answer"}),
        ("sources", ["--pages", "20"], {"requests_per_page", "seconds_vs_all_anew"}),
        ("cost", ["--documents", "40"], {"idle_vs_opensearch_serverless"}),
        (
            "embedding",
            ["--chunks", "20"],
            {f"{count}_workers_vs_raw_embedder" for count in (1, 10)},
        ),
        (
            "parsing",
            ["--files", "1", "--large", "2"],
            {
                f"{suffix}_{size}_vs_parsers_alone"
                for suffix in ("pdf", "docx", "xlsx", "html", "csv", "md")
                for size in ("small", "large")
            },
        ),
        ("typos", ["--documents", "40"], {"fragments_vs_comparing_with_all"}),
        (
            "cold_start",
            ["--rounds", "1"],
            {
                "bare_vs_hello",
                "documents_get_warm_vs_service",
                "documents_search_warm_vs_service",
                "http_iam_vs_hello",
                "http_secret_vs_hello",
                "http_url_vs_hello",
                "queue_vs_hello",
                "queue_with_model_vs_hello",
                "schedule_vs_hello",
                "search_with_model_vs_hello",
            },
        ),
    ],
)
def test_prints_rows_and_ratios(name: str, options: list[str], ratios: set[str], tmp_path: Path) -> None:
    report = run(name, *options, "--data", str(tmp_path))
    assert report.keys() == {"machine", "rows", "ratios"}
    assert report["ratios"].keys() == ratios
    assert all(ratio > 0 for ratio in report["ratios"].values())


def test_search_compares_concord_with_sql_by_hand(tmp_path: Path) -> None:
    report = run(
        "search",
        "--documents",
        "40",
        "--clients",
        "2",
        "--peers",
        "by-hand",
        "--sweep",
        "--data",
        str(tmp_path),
    )
    assert report.keys() == {"machine", "rows", "ratios", "settings"}
    assert report["ratios"].keys() == {
        f"{mode}_p95_vs_diy{clients}"
        for mode in ("hybrid", "keyword", "semantic")
        for clients in ("", "_2_clients")
    }
    rows = cast("list[dict[str, Any]]", report["rows"])
    assert {row["table"] for row in rows} == {
        "embedding", "load", "peers", "search", "above the statements", "sweep", "storage", "memory",
    }  # fmt: skip
    ours = [row for row in rows if row["table"] == "search" and row["side"] == "concord"]
    assert len(ours) == 3 * 2 * 2
    # Few documents are scanned exactly, and no posting of theirs is left out.
    assert {row["recall@10"] for row in ours if row["mode"] == "semantic"} == {1.0}
    assert {row["overlap@10"] for row in ours if row["mode"] == "keyword"} == {1.0}
    assert all(row["p95_from_ms"] <= row["p95_ms"] <= row["p95_to_ms"] for row in ours)


def test_search_starts_itself_again_with_the_peers(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\necho "$@"\n')
    uv.chmod(0o755)
    hidden = "import sys; sys.modules['tantivy'] = None; from tests.benchmarks.search import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hidden, "--json", "--peers", "tantivy"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    again = "run --group peers python -m tests.benchmarks.search --json --peers tantivy\n"
    assert done.stdout == again
