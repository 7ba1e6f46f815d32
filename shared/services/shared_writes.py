"""Which small writes that wait for one collection may be carried out in one transaction."""

from collections.abc import Sequence

from shared.database.boundaries import WriteRequest

DOCUMENTS_PER_TURN = 100


def may_share(write: WriteRequest | None) -> bool:
    """Whether a request's transaction may be that of others too.

    One with an Idempotency-Key fails when somebody else has taken the request over.
    """
    return write is None or write.claimed is None


def fit_one_turn(ids: Sequence[str]) -> bool:
    """Of all that is to be written, distinct documents and not too many of them."""
    return len(ids) == len(set(ids)) <= DOCUMENTS_PER_TURN
