"""`concord keys`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from shared.cli.options import JsonOption, UrlOption

# ruff: noqa: PLC0415 - `concord --help` must not load what only a command needs.

keys = typer.Typer(no_args_is_help=True, help="API keys: what each may do, where, for how long.")
KeyArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The key's id, as `concord keys list` has it.")
]

ReaderOption = Annotated[
    list[str] | None, typer.Option(help="See only documents that this one may read; repeatable.")
]


@keys.command("create")
def create_key(
    action: Annotated[
        list[str] | None,
        typer.Option(help="As in documents:search, documents:*, collections:*, keys:*, *; repeatable."),
    ] = None,
    collection: Annotated[
        list[str] | None, typer.Option(help="A name, or a beginning with * after it; else all. Repeatable.")
    ] = None,
    reader: ReaderOption = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    expires: Annotated[datetime | None, typer.Option(help="When it ends, in UTC.")] = None,
    replaces: Annotated[
        str | None, typer.Option(help="Id of a key that this one takes the place of.")
    ] = None,
    overlap_seconds: Annotated[int, typer.Option(help="How long the replaced one goes on.")] = 0,
    admin: Annotated[
        bool, typer.Option("--admin", help="An administrator's key, and the ADMIN_KEY_HASH to deploy.")
    ] = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key, which is shown once."""
    if admin:
        _show_admin_key(as_json=as_json)
        return
    from shared.cli.api_client import with_api
    from shared.cli.console import output, print_json, say

    if replaces is None and not action:
        raise typer.BadParameter("name at least one --action, or --admin")
    body: dict[str, Any] = {"description": description, "overlap_seconds": overlap_seconds}
    if replaces is not None:
        body["replaces"] = replaces
    if action:
        body["actions"] = action
    if collection or replaces is None:
        body["collections"] = collection or ["*"]
    if reader:
        body["readers"] = reader
    if expires is not None:
        body["expires_at"] = expires.replace(tzinfo=UTC).isoformat()
    made = with_api(url, lambda api: api.request("POST", "/v1/keys", body=body))
    if as_json:
        print_json(made)
        return
    say(f"Key {made['id']}. It is not shown again:")
    output().print(made["key"], markup=False, soft_wrap=True, highlight=False)


@keys.command("list")
def list_keys(url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show keys without their secrets, ended ones too."""
    from shared.cli.api_client import ConcordApi, with_api
    from shared.cli.console import print_json

    async def run(api: ConcordApi) -> list[dict[str, Any]]:
        return [key async for key in api.listed("/v1/keys", "keys")]

    found = with_api(url, run)
    if as_json:
        print_json({"keys": found})
    else:
        _show(found)


@keys.command("revoke")
def revoke_key(key: KeyArgument, url: UrlOption = None) -> None:
    """Let a key open nothing any more, everywhere within 30 seconds."""
    from shared.cli.api_client import with_api

    with_api(url, lambda api: api.request("DELETE", f"/v1/keys/{key}"))


@keys.command("token")
def sign_search_token(
    expires: Annotated[str, typer.Option(help="How long it is good: 15m, 1h, 7d; 30d at most.")] = "1h",
    filters: Annotated[
        str | None, typer.Option("--filter", help="What every search has, as in 'tenant = \"acme\"'.")
    ] = None,
    collection: Annotated[
        list[str] | None, typer.Option(help="Of those that the key enters; else all. Repeatable.")
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option(help="A metadata field that exists for its holder; repeatable.")
    ] = None,
    reader: ReaderOption = None,
    limit: Annotated[int | None, typer.Option(help="The most hits of one search.")] = None,
    subject: Annotated[str | None, typer.Option(help="Whose it is, for logs and limits.")] = None,
) -> None:
    """Sign a search token for a browser with the key in CONCORD_API_KEY. Nobody is asked."""
    from shared.cli.console import output
    from shared.cli.search_token import signed_token

    claims = {
        "sub": subject,
        "collections": collection or None,
        "filter": filters,
        "fields": field or None,
        "readers": reader or None,
        "limits": None if limit is None else {"max_limit": limit},
    }
    said = {name: value for name, value in claims.items() if value is not None}
    output().print(signed_token(expires, said), markup=False, soft_wrap=True, highlight=False)


def _show_admin_key(*, as_json: bool) -> None:
    """Made here and stored nowhere: whoever deploys sets the hash."""
    import hashlib
    import secrets

    from shared.cli.console import output, print_json, say

    key = f"admin_{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    if as_json:
        print_json({"key": key, "admin_key_hash": digest})
        return
    say("The key is not shown again. Set ADMIN_KEY_HASH, in a deployment the parameter AdminKeyHash:")
    output().print(f"{key}\nADMIN_KEY_HASH={digest}", markup=False, soft_wrap=True, highlight=False)


def _show(found: Sequence[dict[str, Any]]) -> None:
    from shared.cli.console import output

    for key in found:
        ended = key["revoked_at"] or key["expires_at"]
        parts = [
            key["id"],
            ",".join(key["actions"]),
            ",".join(key["collections"]),
            "" if key["readers"] is None else f"readers {','.join(key['readers'])}",
            f"ends {ended}" if ended else "",
            key["description"],
        ]
        output().print("  ".join(part for part in parts if part), markup=False, soft_wrap=True)
