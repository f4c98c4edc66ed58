import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar
from urllib.parse import quote

import typer

from server.cli.common import config_path, fail, is_english, read_settings, tells_usage_faults

if TYPE_CHECKING:
    from wxgate_client.gateway import AsyncGateway

    from accounts.clients import Scope
    from server.settings import Settings

Result = TypeVar("Result")

EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
_PAGE = 100  # of items that a list is asked for at once

ServerOption = Annotated[
    str, typer.Option("--server", envvar="WXGATE_URL", help="网关地址 / the gateway's URL")
]
KeyOption = Annotated[
    str, typer.Option("--key", envvar="WXGATE_KEY", help="客户端密钥 / client key")
]
AccountOption = Annotated[
    str, typer.Option("--account", "-a", help="账号名；默认唯一的那个 / account name")
]


@dataclass(frozen=True)
class Target:
    """A gateway to call, with a key, for an account ("": the key's only one)."""

    url: str
    key: str
    account: str


def find_target(
    server: str, key: str, config: Path | None, *scopes: "Scope", account: str = ""
) -> Target:
    """The gateway that options or environment name, else the one of the configuration.

    There the key is that of the first client with one of `scopes`, for `account` if one is named.
    """
    _check_remote(server, key)
    if server:
        return Target(server, key, account)
    settings = read_settings(config)
    url = f"http://{settings.server.listen}"
    for everywhere, here in (("//0.0.0.0:", "//127.0.0.1:"), ("//[::]:", "//[::1]:")):
        url = url.replace(everywhere, here)
    return Target(url, key or _configured_key(settings, config, account, scopes), account)


def admin_target(server: str, key: str, config: Path | None) -> Target:
    """The gateway, with a key that may administer it."""
    from accounts.clients import Scope

    return find_target(server, key, config, Scope.ADMIN)


def at_gateway(
    target: Target, work: "Callable[[AsyncGateway], Awaitable[Result]]", *, interrupted: int = 0
) -> Result:
    """What `work` returns that is done at the gateway.

    Ends with status 1 if the gateway refuses, 3 if it is away, and `interrupted` at Ctrl-C.
    """
    from wxgate_client.errors import Refused, Unreachable
    from wxgate_client.gateway import AsyncGateway

    async def run() -> Result:
        language = "en" if is_english() else "zh"
        async with AsyncGateway(target.url, target.key, language=language) as gateway:
            return await work(gateway)

    try:
        return asyncio.run(run())
    except KeyboardInterrupt:
        raise typer.Exit(interrupted) from None
    except Unreachable as exc:
        fail_unreachable(target.url, exc)
    except Refused as exc:
        typer.echo(f"{exc.message}\n  → {exc.hint}", err=True)
        raise typer.Exit(1) from None


def ask(
    target: Target,
    method: str,
    *path: str,
    said: object = None,
    query: Mapping[str, object] | None = None,
    of_account: bool = False,
) -> dict[str, Any]:
    """The answer of one call, with what of the `query` is given. Ends as `at_gateway` does.

    `path` is below /v1, or below the target's account.
    """
    params = {name: value for name, value in (query or {}).items() if value not in ("", None)}

    async def work(gateway: "AsyncGateway") -> dict[str, Any]:
        url = await _url(gateway, target, path, of_account=of_account)
        return await gateway.request(method, url, json=said, params=params)

    return at_gateway(target, work)


def ask_list(
    target: Target,
    *path: str,
    query: Mapping[str, str],
    limit: int | None = None,
    of_account: bool = False,
) -> list[dict[str, Any]]:
    """The first `limit` items of a list, over as many pages as they take; without it all of them.

    Its path and the rest are as in `ask`.
    """
    params: dict[str, Any] = {name: value for name, value in query.items() if value}
    if limit is not None:
        params["limit"] = min(limit, _PAGE)

    async def work(gateway: "AsyncGateway") -> list[dict[str, Any]]:
        from wxgate_client.calls import Call

        url = await _url(gateway, target, path, of_account=of_account)
        found: list[dict[str, Any]] = []
        async with aclosing(gateway.each(Call(method="GET", path=url, params=params))) as items:
            async for item in items:
                found.append(item)
                if len(found) == limit:
                    break
        return found

    return at_gateway(target, work)


async def account_of(gateway: "AsyncGateway", target: Target) -> str:
    """The account that is meant: the one that was named, else the key's only one."""
    return target.account or await gateway.default_account()


async def _url(
    gateway: "AsyncGateway", target: Target, path: tuple[str, ...], *, of_account: bool
) -> str:
    """No part of the path leaves its place."""
    above = ("accounts", await account_of(gateway, target)) if of_account else ()
    return "/".join(("/v1", *(quote(part, safe="") for part in (*above, *path))))


def fail_unreachable(url: str, reason: object) -> NoReturn:
    """End with status 3: no gateway answers at `url`."""
    fail(
        f"连不上网关 {url}：{reason}\n  → 检查地址，以及 wxgate serve 是否在运行",
        f"the gateway {url} cannot be reached: {reason}\n"
        "  → check the URL, and that wxgate serve is running",
        code=EXIT_UNREACHABLE,
    )


def _configured_key(
    settings: "Settings", config: Path | None, account: str, scopes: "tuple[Scope, ...]"
) -> str:
    for client in settings.clients:
        if client.may(*scopes) and (not account or account in client.accounts):
            return client.key.get_secret_value()
    if not settings.clients and config_path(config) is None:
        fail(
            "不知道网关在哪：用 --server 与 --key（或 WXGATE_URL 与 WXGATE_KEY）给出，"
            "或在有 config.toml 的目录里运行（wxgate init 写一份）",
            "which gateway? give --server and --key (or WXGATE_URL and WXGATE_KEY), "
            "or run where config.toml is (wxgate init writes one)",
            code=EXIT_USAGE,
        )
    wanted = " | ".join(scopes)
    make = "wxgate init"
    if settings.clients:
        make = f"wxgate clients add cli --scope {scopes[0]}"
        # Of several accounts `clients add` wants one named.
        named = account or (settings.accounts[0].name if len(settings.accounts) > 1 else "")
        make += f" --account {named}" if named else ""
    return fail(
        f"配置文件里没有可用的客户端（需有 {wanted} 权限，账号：{account or '任意'}）\n"
        f"  → 用 --key（或 WXGATE_KEY）给出密钥；没有就先建一个：{make}",
        f"the configuration file has no client with the scope {wanted} "
        f"(account: {account or 'any'})\n"
        f"  → give a --key (or WXGATE_KEY); to make one: {make}",
        code=EXIT_USAGE,
    )


def _check_remote(server: str, key: str) -> None:
    from wxgate_client.session import check_server

    if server:
        with tells_usage_faults():
            check_server(server)
    # A header holds printable ASCII only; the key itself is never shown.
    if (server and not key) or not (key.isascii() and key.isprintable()):
        fail(
            "--server 要与 --key（或 WXGATE_KEY）一起给出，密钥形如 wxg_…",
            "--server wants a --key (or WXGATE_KEY) of the form wxg_…",
            code=EXIT_USAGE,
        )
