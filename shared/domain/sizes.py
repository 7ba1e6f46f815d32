"""How large requests, answers and tables may be."""

MAX_REQUEST_BYTES = 5_000_000
# As many as a spreadsheet may have.
MAX_COLUMNS = 16_384
