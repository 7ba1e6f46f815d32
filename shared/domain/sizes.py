"""How large requests and answers may be."""

MAX_REQUEST_BYTES = 5_000_000
