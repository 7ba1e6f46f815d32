"""What row-level security costs a hybrid search: the same collection with it and without, round by round.

uv run python -m tests.benchmarks.tenancy [--json] [--documents N] [--queries N] [--rounds N]

Each document belongs to one of ten tenants. Administrators see all of them with and without policies. Beside
that, one tenant's documents are found by a filter without policies, as by hand, and with them by its readers
and by the filter that a search token has.
"""

import asyncio
import time
from collections.abc import Sequence

import psycopg

from shared.domain.principals import ADMIN, Permission, Principal
from shared.domain.ranking import SearchMode
from shared.domain.search import SearchRequest
from shared.services.search_documents import search_documents
from tests.benchmarks.peers.peer import K
from tests.benchmarks.report import Report, arguments, percentile
from tests.benchmarks.search_concord import COLLECTION, open_concord
from tests.benchmarks.search_data import Query, SearchData, read_data
from tests.benchmarks.search_server import Server, running_server, vacuum

DOCUMENTS, QUERIES, ROUNDS, TENANTS = 114_108, 150, 4, 10
DIVIDE = f"""
UPDATE concord.document SET metadata = jsonb_build_object('tenant', number % {TENANTS}),
                            readers = ARRAY['group:' || number % {TENANTS}];
INSERT INTO concord.metadata_field (collection_id, name) SELECT id, 'tenant' FROM concord.collection;
"""
SWITCH = """
DO $$ DECLARE x regclass; BEGIN
    FOR x IN SELECT DISTINCT polrelid::regclass FROM pg_policy LOOP
        EXECUTE format('ALTER TABLE %s {} ROW LEVEL SECURITY', x);
    END LOOP;
END $$
"""
VECTOR_INDEXES = """
SELECT indexrelid::regclass::text, pg_size_pretty(pg_relation_size(indexrelid))
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
WHERE amname = 'hnsw' AND indisvalid
"""
SEARCHES = frozenset({Permission.DOCUMENTS_SEARCH})
BY_NAME = Principal("by-name", SEARCHES, (f"{COLLECTION}*",))
BY_TOKEN = Principal("by-token", SEARCHES, filter="tenant = 3")
BY_READERS = Principal("by-readers", SEARCHES, readers=("group:3",))
WITHOUT, WITH, NAMED, FILTERED, READ, SIGNED = (
    "all, without policies",
    "all, with policies",
    "one collection by its name, with policies",
    "a tenth by a filter, without policies",
    "a tenth by its readers, with policies",
    "a tenth by a token's filter, with policies",
)
# What is asked, by whom, with which filter, and whether policies are in force.
SIDES: dict[str, tuple[Principal, str | None, bool]] = {
    WITHOUT: (ADMIN, None, False),
    WITH: (ADMIN, None, True),
    NAMED: (BY_NAME, None, True),
    FILTERED: (ADMIN, "tenant = 3", False),
    READ: (BY_READERS, None, True),
    SIGNED: (BY_TOKEN, None, True),
}


def switch(url: str, *, on: bool) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SWITCH.replace("{}", "ENABLE" if on else "DISABLE").encode())


async def measure(
    server: Server, data: SearchData, queries: Sequence[Query], rounds: int, report: Report
) -> None:
    async with open_concord(server.url) as concord:
        await concord.create(data)
        await concord.load(data.documents)
        with psycopg.connect(server.url, autocommit=True) as connection:
            for statement in DIVIDE.strip().split(";\n"):
                connection.execute(statement.encode())
        await concord.maintain()
        vacuum(server.url)
        with psycopg.connect(server.url) as connection:
            # Searches without one compare every vector, which would hide what policies cost.
            indexes = connection.execute(VECTOR_INDEXES).fetchall()
            report.settings["vector indexes"] = dict(indexes) or "none: compared exactly"
        spent: dict[str, list[float]] = {side: [] for side in SIDES}
        for round_ in range(rounds + 1):
            for side, (principal, condition, with_policies) in SIDES.items():
                switch(server.url, on=with_policies)
                for query in queries:
                    request = SearchRequest(q=query.text, mode=SearchMode.HYBRID, limit=K, filter=condition)
                    started = time.perf_counter()
                    found = await search_documents(
                        concord.database, concord.embedder, principal, COLLECTION, request
                    )
                    # The first round warms both sides up.
                    if round_:
                        spent[side].append((time.perf_counter() - started) * 1000)
                    assert found.hits
    for side, times in spent.items():
        report.rows.append(
            {
                "side": side,
                "searches": len(times),
                "p50_ms": round(percentile(times, 0.5), 2),
                "p95_ms": round(percentile(times, 0.95), 2),
            }
        )
    report.ratios = {
        "hybrid_p95_with_vs_without": percentile(spent[WITH], 0.95) / percentile(spent[WITHOUT], 0.95),
        "hybrid_p95_by_name_vs_without": percentile(spent[NAMED], 0.95) / percentile(spent[WITHOUT], 0.95),
        "hybrid_p95_token_vs_readers": percentile(spent[SIGNED], 0.95) / percentile(spent[READ], 0.95),
        "hybrid_p95_readers_vs_filter": percentile(spent[READ], 0.95) / percentile(spent[FILTERED], 0.95),
    }


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    data = read_data(given.data, given.documents, given.queries)
    queries = [query for kind in data.queries.values() for query in kind]
    report = Report(f"Row-level security, {len(data.documents):,} documents")
    with running_server(len(data.documents)) as server:
        asyncio.run(measure(server, data, queries, given.rounds, report))
    report.print(as_json=given.json)


if __name__ == "__main__":
    main()
