"""The benchmarks run, on little generated text: their figures are for people, not for this test."""

import json
import subprocess
import sys
from pathlib import Path

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
        ("cost", ["--documents", "40"], {"idle_vs_opensearch_serverless"}),
        ("search", ["--documents", "40"], {"hybrid_p50_vs_by_hand", "hybrid_p95_vs_by_hand"}),
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
