"""The id that what happens for one request has in common, from the API to the worker."""

import re
from typing import TypeGuard

# API Gateway's ids, UUIDs and SQS' message ids are of this form.
_FORM = re.compile(r"[A-Za-z0-9+/=_-]{1,128}")


def is_correlation_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _FORM.fullmatch(value) is not None
