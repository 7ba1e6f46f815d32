"""List prices of us-east-1 in US dollars, read in November 2026, and the arithmetic of a deployment's costs.

Every formula is one line, so that it can be checked and repeated with other prices.
"""

from dataclasses import dataclass

HOURS = 730.0
GIB = 2.0**30
MILLION = 1e6

LAMBDA_GB_SECOND = 0.0000133334  # arm64
LAMBDA_REQUEST = 0.20 / MILLION
GATEWAY_REQUEST = 1.00 / MILLION
SQS_REQUEST = 0.40 / MILLION
LOG_GB = 0.50
AURORA_ACU_HOUR = 0.12
AURORA_GB_MONTH = 0.10
PROXY_ACU_HOUR = 0.015
PROXY_LEAST_ACU = 8
ENDPOINT_ZONE_MONTH = 0.01 * HOURS
NAT_MONTH = 0.045 * HOURS + 0.005 * HOURS
SECRET_MONTH = 0.40
ALARM_METRIC_MONTH = 0.10
OWN_METRIC_MONTH = 0.30

# A capacity unit is 2 GiB of memory, and a core comes with every 8.
ACU_BYTES = 2 * GIB
ACU_PER_CORE = 4.0
# What a request leaves in logs: an access line, Lambda's own two, and one of metrics.
LOG_BYTES_PER_REQUEST = 2_000
DOCUMENTS_PER_UPSERT = 100

# What stands beside it: two always-on services that search by words and vectors.
OPENSEARCH_SERVERLESS_OCU_HOUR = 0.24
OPENSEARCH_SERVERLESS_LEAST_OCU = 2
OPENSEARCH_INSTANCE_HOURS = {
    "t3.small.search": 0.036,
    "r6g.large.search": 0.167,
    "r6g.2xlarge.search": 0.669,
}


@dataclass(frozen=True)
class Measured:
    """Milliseconds of one core and bytes, as a benchmark found them."""

    search_ms: float
    search_database_ms: float
    upsert_ms_per_document: float
    embed_ms_per_chunk: float
    chunks_per_document: float
    bytes_per_chunk: float
    hot_bytes_per_chunk: float


def lambda_dollars(milliseconds: float, megabytes: int) -> float:
    """One call."""
    return LAMBDA_REQUEST + milliseconds / 1000 * megabytes / 1024 * LAMBDA_GB_SECOND


def database_dollars(milliseconds: float) -> float:
    """Milliseconds of one core of Aurora Serverless v2."""
    return milliseconds / 3_600_000 * ACU_PER_CORE * AURORA_ACU_HOUR


def search_dollars(measured: Measured, megabytes: int) -> float:
    """A million searches: gateway, function, log, database."""
    log = LOG_BYTES_PER_REQUEST / GIB * LOG_GB
    call = lambda_dollars(measured.search_ms, megabytes)
    return MILLION * (GATEWAY_REQUEST + call + log + database_dollars(measured.search_database_ms))


def ingest_dollars(measured: Measured, upsert_megabytes: int, embed_megabytes: int) -> float:
    """A million documents, by the hundred: gateway, writing, queue (sent, received, deleted), embedding."""
    upsert_ms = measured.upsert_ms_per_document * DOCUMENTS_PER_UPSERT
    batch = GATEWAY_REQUEST + lambda_dollars(upsert_ms, upsert_megabytes) + 2 * 3 * SQS_REQUEST
    embed_ms = measured.embed_ms_per_chunk * measured.chunks_per_document
    embed = embed_ms / 1000 * embed_megabytes / 1024 * LAMBDA_GB_SECOND
    written = database_dollars(measured.upsert_ms_per_document)
    return MILLION * (batch / DOCUMENTS_PER_UPSERT + embed + written)


def storage_dollars(measured: Measured, documents: float) -> float:
    """A month of tables and indexes."""
    return documents * measured.chunks_per_document * measured.bytes_per_chunk / GIB * AURORA_GB_MONTH


def idle_dollars(mode: str, capacity_units: float, alarm_metrics: int) -> float:
    """A month without a request, without storage, in a new VPC with endpoints in two zones."""
    fixed = 3 * ENDPOINT_ZONE_MONTH + SECRET_MONTH + alarm_metrics * ALARM_METRIC_MONTH
    match mode:
        case "scale-to-zero":
            return fixed
        case "always-on":
            return fixed + capacity_units * AURORA_ACU_HOUR * HOURS
        case _:
            proxy = max(capacity_units, PROXY_LEAST_ACU) * PROXY_ACU_HOUR * HOURS
            return fixed + capacity_units * AURORA_ACU_HOUR * HOURS + proxy


def capacity_for(measured: Measured, chunks: float) -> float:
    """Capacity units whose memory holds what searches read; half a unit is the least there is."""
    return max(0.5, round(chunks * measured.hot_bytes_per_chunk / (0.75 * ACU_BYTES) * 2) / 2)
