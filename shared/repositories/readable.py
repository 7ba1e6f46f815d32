"""The keyword index as far as a caller may read its documents."""

from shared.database.statements import Statement

_READABLE = {
    "block": "concord.readable_block",
    "known_term": "concord.readable_term",
    "statistic": "concord.readable_statistic",
}


def within_readable(statement: Statement) -> Statement:
    """The statement with views in place of the tables whose rows are of several documents."""
    for slot, view in _READABLE.items():
        statement = statement.with_slot(slot, view, anywhere=True)
    return statement
