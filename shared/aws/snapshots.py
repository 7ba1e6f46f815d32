"""Hooks around the snapshot that Lambda's SnapStart takes of a function when it has started.

All that are restored from it go on as copies of one process. Nothing connects before the snapshot, so
no TLS library has drawn randomness by then that the copies would share.
"""

import os
from collections.abc import Callable


def before_snapshot(work: Callable[[], object]) -> None:
    """Have `work` done once, before the snapshot; never where none is taken."""
    if _is_taken():
        import snapshot_restore_py  # noqa: PLC0415 - Lambda's runtime has it, and only there it is of use.

        snapshot_restore_py.register_before_snapshot(work)


def after_restore(work: Callable[[], object]) -> None:
    """Have `work` done in each process that starts from the snapshot; never where none is taken."""
    if _is_taken():
        import snapshot_restore_py  # noqa: PLC0415 - see above

        snapshot_restore_py.register_after_restore(work)


def reseed_after_restore() -> None:
    """Make the copies' pauses between attempts differ, as random numbers are meant to."""
    if _is_taken():
        import random  # noqa: PLC0415 - those who need it import it themselves.

        after_restore(random.seed)


def _is_taken() -> bool:
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"
