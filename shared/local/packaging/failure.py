"""What stops packaging."""

from shared.errors import ConcordError


class PackagingFailed(ConcordError):
    """The packages could not be made."""

    code = "packaging_failed"
