"""The end of a function's start."""

import gc


def end_start() -> None:
    """Collect garbage from now on, which packaged functions do not do while they start.

    What exists now lives as long as the environment: the collector need not look at it again.
    """
    gc.freeze()
    gc.enable()
