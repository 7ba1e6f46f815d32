"""Keeps pages away whose name leads to this machine only for as long as it takes to read what is here.

A browser lets a page talk to the name that it came from, wherever that leads by now (DNS rebinding). On a
laptop without an administrator's key whoever reaches the port may do everything.
"""

import functools
import ipaddress
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_settings import NoDecode
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.config import SettingsGroup, with_list
from shared.errors import UnknownHost
from shared.http.boundary import SafeHeaders
from shared.http.responses import error_response

_OWN_NAME = "localhost"


class HostSettings(SettingsGroup):
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="comma-separated names, beside localhost, by which a laptop without ADMIN_KEY_HASH may be"
        " called on 127.0.0.1",
    )

    @model_validator(mode="before")
    @classmethod
    def _split_hosts(cls, values: dict[str, object]) -> dict[str, object]:
        return with_list(values, "allowed_hosts")


class KnownHosts:
    """Refuses what comes in on a loopback address for any name but this machine's own and the listed ones.

    Addresses are no names: nobody can make them lead elsewhere.
    """

    def __init__(self, app: ASGIApp, settings: HostSettings) -> None:
        self._app = app
        self._refusal = SafeHeaders(error_response(UnknownHost()), https_alone=False)
        self._names = {_OWN_NAME, *(name.lower() for name in settings.allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_loopback(scope["server"][0]) and not self._knows(scope):
            await self._refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        host = _without_port(dict(scope["headers"]).get(b"host", b"").decode("latin-1").lower())
        return host in self._names or _address(host) is not None


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).strip("[]").removesuffix(".")


@functools.lru_cache
def _is_loopback(server: str) -> bool:
    address = _address(server)
    # A socket for both families shows 127.0.0.1 as ::ffff:127.0.0.1.
    mapped = getattr(address, "ipv4_mapped", None)
    return address is not None and (mapped or address).is_loopback


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
