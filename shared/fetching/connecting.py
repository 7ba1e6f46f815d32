"""Connections to the very address that was looked at.

A name is resolved once, what it resolves to is judged, and the connection goes there: a second answer of a
server of names that has changed its mind is never asked for.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpcore

from shared.errors import FetchFailed
from shared.fetching.addresses import is_public
from shared.fetching.problems import FetchProblem

type Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_PORTS = frozenset({80, 443})


async def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order in which to try them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to public addresses, on ports 80 and 443. `allow_private` opens all others, for tests."""

    def __init__(self, *, allow_private: bool, resolve: Resolve = resolve_host) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises FetchFailed for what is refused, ConnectError and ConnectTimeout where nobody answers."""
        addresses = await self._permitted(host, port)
        *others, last = addresses
        for address in others:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)

    async def _permitted(self, host: str, port: int) -> Sequence[str]:
        if not self._allow_private and port not in _PORTS:
            raise FetchFailed(
                FetchProblem.REFUSED_ADDRESS, f"Port {port} is not fetched from; ports 80 and 443 are."
            )
        try:
            addresses = await self._resolve(host, port)
        except OSError:
            addresses = []
        if not addresses:
            raise FetchFailed(FetchProblem.UNREACHABLE, f"There is no host {host}; look at the address.")
        # One private address among public ones is no accident that a connection should depend on.
        if not self._allow_private and not all(map(is_public, addresses)):
            raise FetchFailed(
                FetchProblem.REFUSED_ADDRESS,
                f"{host} is at an address that is not of the public Internet, where nothing is fetched from.",
            )
        return addresses
