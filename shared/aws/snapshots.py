"""Hooks around the snapshot that Lambda's SnapStart takes of a function when it has started.

All that are restored from it go on as copies of one process. Nothing connects before the snapshot, so
no TLS library has drawn randomness by then that the copies would share.
"""

import os
from collections.abc import Callable


def before_snapshot(work: Callable[[], object]) -> None:
    """Have `work` done once, before the snapshot; never where none is taken."""
    if is_taken():
        import snapshot_restore_py  # noqa: PLC0415 - Lambda's runtime has it, and only there it is of use.

        snapshot_restore_py.register_before_snapshot(work)


def after_restore(work: Callable[[], object]) -> None:
    """Have `work` done in each process that starts from the snapshot; never where none is taken."""
    if is_taken():
        import snapshot_restore_py  # noqa: PLC0415 - see above

        snapshot_restore_py.register_after_restore(work)


def renew_after_restore() -> None:
    """Have each copy draw random numbers of its own and read its secrets anew, whatever else it then does.

    To be called before anything that begins to read secrets when it is restored: hooks run in this order.
    """
    if is_taken():
        import random  # noqa: PLC0415 - those who need it import it themselves.

        from shared.aws.secrets import forget_secrets  # noqa: PLC0415 - as above

        after_restore(random.seed)
        after_restore(forget_secrets)


def is_taken() -> bool:
    """Whether this process starts to be taken a snapshot of."""
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"
