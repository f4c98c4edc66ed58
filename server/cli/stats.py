import asyncio
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.common import ConfigOption, JsonOption
from server.cli.target import KeyOption, ServerOption, at_gateway, find_target

if TYPE_CHECKING:
    from wxgate_client.gateway import AsyncGateway

_EVERY_S = 2.0
_CLEAR = "\x1b[H\x1b[2J"

WatchOption = Annotated[
    bool, typer.Option("--watch", "-w", help="每 2 秒刷新，Ctrl-C 结束 / again every 2 s")
]

# What /v1/stats told, as a person reads it.
View = Callable[[dict[str, Any]], str]

app = typer.Typer(name="stats", no_args_is_help=True)


@app.callback()
def stats() -> None:
    """网关的统计 / what the gateway counts.

    问的是运行中的网关；密钥需有 stats 权限。Asks a running gateway; the key needs the scope stats.

    \b
    例 / example:
      wxgate stats limits
      wxgate stats quota --watch
    """


@dataclass(frozen=True)
class Question:
    """What is asked, of whom, and how the answer is shown."""

    name: str
    view: View
    watch: bool
    as_json: bool


@app.command("limits")
def limits(
    watch: WatchOption = False,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """限流：上限、已用、剩余、恢复时间、被拒次数 / limits: used, remaining, reset, throttled.

    \b
    例 / example:
      wxgate limits
      wxgate stats limits --watch
    """
    answer(Question("limits", _limits, watch, as_json), server, key, config)


@app.command("quota")
def quota(
    watch: WatchOption = False,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """微信每日额度：已用与剩余 / WeChat's daily quotas: used and remaining.

    \b
    例 / example:
      wxgate stats quota
    """
    answer(Question("quota", _quota, watch, as_json), server, key, config)


@app.command("calls")
def calls(
    watch: WatchOption = False,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """调用：次数、错误、延迟，按接口、客户端、公众号 / calls, errors, latency by whose they are.

    \b
    例 / example:
      wxgate stats calls
      wxgate stats calls --watch
    """
    answer(Question("calls", _calls, watch, as_json), server, key, config)


@app.command("publishing")
def publishing(
    watch: WatchOption = False,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """发布的结果：24 小时与 7 天内提交的文章和草稿 / what became of what was handed in.

    \b
    例 / example:
      wxgate stats publishing
    """
    answer(Question("publishing", _publishing, watch, as_json), server, key, config)


def answer(question: Question, server: str, key: str, config: Path | None) -> None:
    """Print the answer, with `watch` until Ctrl-C. Ends with status 1 if the gateway refuses."""
    from accounts.clients import Scope

    target = find_target(server, key, config, Scope.STATS, Scope.ADMIN)
    at_gateway(target, lambda gateway: _ask(question, gateway))


async def _ask(question: Question, gateway: "AsyncGateway") -> None:
    while True:
        told = await gateway.request("GET", f"/v1/stats/{question.name}")
        view = _as_json if question.as_json else question.view
        typer.echo((_CLEAR if question.watch and sys.stdout.isatty() else "") + view(told))
        if not question.watch:
            return
        await asyncio.sleep(_EVERY_S)


def _as_json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)


def columns(head: tuple[str, ...], rows: Iterable[Iterable[object]]) -> str:
    """The rows under their head, in columns; without colours, for grep and awk."""
    from wxgate_client import told

    cells = [tuple("-" if cell is None else str(cell) for cell in row) for row in rows]
    return "\n".join(told.columns(head, cells))


def _limits(told: dict[str, Any]) -> str:
    keys = ("limit", "used", "remaining", "reset_s", "throttled")
    rows = [(item["rule"], *(item[key] for key in keys)) for item in told["items"]]
    rows += [
        (f"{item['who']}: concurrent", item["limit"], item["active"], None, None, item["throttled"])
        for item in told["concurrent"]
    ]
    counted = "redis" if told["shared"] else "memory"
    return f"{columns(('rule', *keys), rows)}\ncounted in {counted}, gateways: {told['gateways']}"


def _calls(told: dict[str, Any]) -> str:
    latencies = ("p50", "p90", "p99")
    head = ("", "calls", *(f"{name}_ms" for name in latencies), "errors")
    lines = [("*", told["total"])]
    for table in ("endpoints", "clients", "accounts"):
        lines += [(f"{table[:-1]} {name}", line) for name, line in told[table].items()]
    rows = [
        (
            name,
            line["calls"],
            *(line["latency_ms"][share] for share in latencies),
            " ".join(f"{error}={n}" for error, n in line["errors"].items()) or None,
        )
        for name, line in lines
    ]
    return f"{columns(head, rows)}\nprocesses: {told['processes']}, since {told['since']}"


def _publishing(told: dict[str, Any]) -> str:
    found = [
        (account, window, counts)
        for account, windows in told["accounts"].items()
        for window, counts in windows.items()
    ]
    head = ("account", "within", *(found[0][2] if found else ()))
    return columns(head, [(account, window, *counts.values()) for account, window, counts in found])


def _quota(told: dict[str, Any]) -> str:
    head = ("account", "path", "quota", "used", "remaining", "closed_until")
    rows = [
        (account, path, *(line[key] for key in head[2:]))
        for account, ledger in told["accounts"].items()
        for path, line in ledger["paths"].items()
        if line["used"] or line["closed_until"]
    ]
    months = [
        (account, name, line["quota"], line["used"], line["remaining"], None)
        for account, ledger in told["accounts"].items()
        for name, line in ledger["month"].items()
    ]
    return f"{columns(head, [*rows, *months])}\nday {told['day']}, resets at {told['resets_at']}"
