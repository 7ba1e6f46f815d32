"""Where a server is, by its name."""

_THIS_MACHINE = frozenset({"", "localhost", "127.0.0.1", "::1"})


def is_nearby(host: str) -> bool:
    """Whether the way there is this machine's own, and needs no TLS.

    A name without a dot is one of a container beside this one, as in docker-compose. Neither has a
    certificate by default; whatever has a name that others can ask for is spoken to in TLS alone.
    """
    return host in _THIS_MACHINE or not {".", ":"} & set(host)
