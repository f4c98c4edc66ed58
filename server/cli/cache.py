from collections.abc import Iterator
from typing import Annotated, Any

import typer

from server.cli.common import ConfigOption, JsonOption
from server.cli.stats import Question, WatchOption, answer, columns
from server.cli.target import KeyOption, ServerOption, admin_target, ask

app = typer.Typer(name="cache", no_args_is_help=True)

_COUNTS = ("hits", "misses", "ratio", "coalesced_waits", "sets", "evictions", "errors")

Name = Annotated[str, typer.Argument(metavar="NAME", help="token、response、image … / which cache")]
AccountOption = Annotated[
    str, typer.Option("--account", "-a", help="只此公众号 / of this account alone")
]
PathOption = Annotated[
    list[str] | None,
    typer.Option("--path", help="要预热的 GET 路径，可重复 / GET path to fetch, repeatable"),
]


@app.callback()
def cache() -> None:
    """清空与预热运行中网关的缓存 / clear and warm the caches of a running gateway.

    密钥需有 admin 权限；统计见 wxgate stats cache。The key needs the scope admin.

    \b
    例 / example:
      wxgate cache clear response --account main
      wxgate cache warm token
    """


@app.command("clear")
def clear(
    name: Name,
    account: AccountOption = "",
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """清空缓存（所有进程） / clear a cache, in every process.

    \b
    例 / example:
      wxgate cache clear response
      wxgate cache clear token --account main
    """
    query = {"account": account}
    told = ask(admin_target(server, key, config), "DELETE", "admin", "cache", name, query=query)
    for cleared in told["cleared"]:
        typer.echo(f"{name}: {cleared}")


@app.command("warm")
def warm(
    name: Name,
    account: AccountOption = "",
    path: PathOption = None,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """预热缓存 / fetch what callers will ask for.

    \b
    例 / example:
      wxgate cache warm token
      wxgate cache warm response --path '/cgi-bin/ticket/getticket?type=jsapi'
    """
    said = {"account": account, "paths": path or []}
    told = ask(admin_target(server, key, config), "POST", "admin", "cache", name, "warm", said=said)
    for warmed, outcomes in told["warmed"].items():
        for what, outcome in outcomes.items():
            typer.echo(f"{name}: {' '.join(filter(None, (warmed, what)))}: {outcome}")


def stats_cache(
    watch: WatchOption = False,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """缓存：命中率、条数、字节、token 的年龄 / caches: hit ratios, entries, bytes, age of tokens.

    \b
    例 / example:
      wxgate stats cache
      wxgate stats cache --watch
    """
    answer(Question("cache", cache_view, watch, as_json), server, key, config)


def cache_view(told: dict[str, Any]) -> str:
    """The answer of /v1/stats/cache as a person reads it."""
    head = ("cache", "backend", "account", "entries", "bytes", *_COUNTS)
    tokens = [
        (account, token["age_s"], token["seconds_left"], _causes(token["refreshes"]))
        for account, token in told["tokens"].items()
    ]
    links = [(name, told[name]) for name in ("redis", "redis_limits") if name in told]
    states = [f"{name}: {_state(redis)}" for name, redis in links] or ["redis: none"]
    counted = f"processes: {told['processes']}, counted since {told['since']}"
    return "\n\n".join(
        (
            columns(head, _rows(told)),
            columns(("account", "token_age_s", "seconds_left", "refreshes"), tokens),
            ", ".join((counted, *states)),
        )
    )


def _state(redis: dict[str, Any]) -> str:
    up = "up" if redis["up"] else "down"
    return f"{redis['kind']} of {redis['nodes']}, {up} since {redis['since']}"


def _rows(told: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    for row in told["caches"]:
        name = (row["cache"], row["backend"])
        yield (*name, "*", row["entries"], row["bytes"], *(None for _ in _COUNTS))
        for account, counts in row["accounts"].items():
            yield (*name, account, None, None, *(counts.get(count) for count in _COUNTS))


def _causes(refreshes: dict[str, int]) -> str:
    return " ".join(f"{cause}={n}" for cause, n in refreshes.items()) or "-"
