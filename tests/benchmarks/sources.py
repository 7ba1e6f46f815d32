"""A refresh of pages that have not changed: seconds, requests and embedded texts, beside fetching all anew.

uv run python -m tests.benchmarks.sources [--json] [--pages N]
"""

import asyncio
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from shared.config import EmbeddingSettings
from shared.database.migrations import apply_migrations
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.provider import open_embedder
from tests.benchmarks.report import Report, arguments
from tests.builders.functions import Functions
from tests.builders.postgres import NEWEST_VERSION, folder_for_servers, start_postgres, stop_postgres
from tests.builders.source_runs import SourceRuns, open_source_runs
from tests.builders.web_site import Page, WebSite, open_web_site

PAGES = 5_000
FASTEST = {"requests_per_second": 1000}
EMBEDDED_AT_ONCE = 64


def build_site(site: WebSite, pages: int) -> None:
    for number in range(pages):
        text = f"Page {number} tells of subject {number % 97}, and of subject {number % 89} beside it."
        site.article(f"/pages/{number}", f"Page {number}", text, etag=f'"{number}"')
    urls = "".join(f"<url><loc>{site.url}/pages/{number}</loc></url>" for number in range(pages))
    body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    site.pages["/sitemap.xml"] = Page(body.encode(), content_type="application/xml")


def requests_of_pages(site: WebSite) -> tuple[int, int]:
    """How many requests for pages there were, and the most for one of them."""
    asked = Counter(path for path in site.paths() if path.startswith("/pages/"))
    return sum(asked.values()), max(asked.values())


async def refetch(site: WebSite, pages: int) -> tuple[int, int]:
    """Every page, and a vector for each: the requests and the embedded texts."""
    embedder = open_embedder(EmbeddingSettings(embedding_model_dir=ensure_model_files()))
    embedded = 0
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=8)) as client:
        for start in range(0, pages, EMBEDDED_AT_ONCE):
            numbers = range(start, min(start + EMBEDDED_AT_ONCE, pages))
            answers = await asyncio.gather(*(client.get(f"{site.url}/pages/{n}") for n in numbers))
            embedded += len(await embedder.embed([answer.text for answer in answers]))
    await embedder.aclose()
    return pages, embedded


def measure(runs: SourceRuns, site: WebSite, pages: int) -> Report:
    report = Report(f"{pages:,} unchanged pages, one machine")
    runs.create(id="site", kind="sitemap", url=f"{site.url}/sitemap.xml", settings=FASTEST)
    runs.finish()
    assert runs.last_run("site")["changed"] == pages, runs.last_run("site")
    runs.embed()
    site.asked.clear()
    started = time.perf_counter()
    runs.refresh("site")
    seconds = time.perf_counter() - started
    assert runs.last_run("site")["not_modified"] == pages, runs.last_run("site")
    requests, most = requests_of_pages(site)
    others = len(site.asked) - requests
    embedded = runs.embed()
    report.rows.append(_row("concord", seconds, requests, most, others, embedded, pages))
    site.asked.clear()
    started = time.perf_counter()
    requests, embedded_naively = asyncio.run(refetch(site, pages))
    naive = time.perf_counter() - started
    report.rows.append(_row("all anew", naive, requests, 1, 0, embedded_naively, pages))
    report.ratios["requests_per_page"] = report.rows[0]["requests"] / pages
    report.ratios["seconds_vs_all_anew"] = seconds / naive
    return report


def _row(
    side: str, seconds: float, requests: int, most: int, others: int, embedded: int, pages: int
) -> dict[str, object]:
    return {
        "side": side,
        "seconds": round(seconds, 1),
        "pages/s": round(pages / seconds),
        "requests": requests,
        "most for a page": most,
        "of listing and robots": others,
        "embedded": embedded,
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--pages", type=int, default=PAGES)
    given = parser.parse_args()
    os.environ["EMBEDDING_MODEL_DIR"] = str(ensure_model_files())
    with (
        folder_for_servers() as folder,
        tempfile.TemporaryDirectory() as objects,
        open_web_site() as site,
        pytest.MonkeyPatch.context() as environment,
    ):
        data = Path(folder) / "data"
        url = start_postgres(data, NEWEST_VERSION)
        try:
            asyncio.run(apply_migrations(url))
            environment.setenv("DATABASE_URL", url)
            build_site(site, given.pages)
            functions = Functions()
            report = measure(open_source_runs(functions, Path(objects), environment), site, given.pages)
            functions.close()
        finally:
            stop_postgres(data, NEWEST_VERSION)
    report.print(as_json=given.json)


if __name__ == "__main__":
    main()
