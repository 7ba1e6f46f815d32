"""The start of a function: what goes on beside it, and its end."""

import gc
import threading

from shared.aws.snapshots import after_restore, is_taken
from shared.config import ConfigurationError, SettingsGroup, runs_on_lambda
from shared.errors import ConcordError


def read_secrets_ahead(settings: SettingsGroup) -> None:
    """On Lambda, begin to read a function's secrets if it has several: it then waits for one, not for all.

    In a function that starts from a snapshot each of its copies begins to.
    """
    named = {
        name.upper(): getattr(settings, name)
        for name in type(settings).model_fields
        if name.endswith("_secret_arn") and getattr(settings, name)
    }
    if len(named) < 2 or not runs_on_lambda():  # noqa: PLR2004 - several, see above
        return

    def begin() -> None:
        for setting, arn in named.items():
            threading.Thread(target=_read, args=(arn, setting), name=setting, daemon=True).start()

    if is_taken():
        after_restore(begin)
    else:
        begin()


def _read(arn: str, setting: str) -> None:
    from shared.aws.secrets import read_secret  # noqa: PLC0415 - unused where there are no secrets.

    try:
        read_secret(arn, setting=setting)
    except (ConcordError, ConfigurationError):
        # Whoever needs it reads it once more, and says so.
        return


def end_start() -> None:
    """Collect garbage from now on, which packaged functions do not do while they start.

    What exists now lives as long as the environment: the collector need not look at it again.
    """
    gc.freeze()
    gc.enable()
