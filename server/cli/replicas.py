import time
from operator import itemgetter
from typing import Annotated, Any

import typer

from server.cli.common import ConfigOption, JsonOption, fail
from server.cli.tables import print_list
from server.cli.target import KeyOption, ServerOption, admin_target, ask

app = typer.Typer(no_args_is_help=True)

_HEAD = ("id", "name", "pid", "role", "state", "version", "config", "jobs", "redis", "beat_at")
_PATIENCE_S = 300.0  # for another to be there, and the old one's calls to end


@app.callback()
def replicas() -> None:
    """同一数据库上的实例：谁在、谁没了、逐个换新 / the processes on one database.

    \b
    例 / example:
      wxgate replicas list
      wxgate replicas restart --all
    """


@app.command("list")
def list_(
    every: Annotated[
        bool, typer.Option("--ended", help="连同已结束的，7 天内 / with those that ended, 7 days")
    ] = False,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """列出实例；config 相同即配置相同 / list them; the same config means the same settings.

    \b
    例 / example:
      wxgate replicas list
      wxgate replicas list --ended --json
    """
    told = ask(admin_target(server, key, config), "GET", "admin", "replicas")
    items = [row for row in told["items"] if every or _lives(row)]
    rows = map(itemgetter(*_HEAD), items)
    print_list({**told, "items": items}, _HEAD, rows, as_json=as_json)


@app.command()
def restart(
    replica_id: Annotated[str, typer.Argument(help="实例的 id / its id", show_default=False)] = "",
    every: Annotated[
        bool, typer.Option("--all", help="逐个换全部，也含别的机器 / all, one after the other")
    ] = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """换成新进程：新的先应答，旧的再结束 / another process, which answers before the old one ends.

    只对 serve --workers 启动的有效；其余的请在那台机器上重启。
    For those that serve --workers started; others are restarted where they run.

    \b
    例 / example:
      wxgate replicas restart rep_06h07z6nxmd948z1se7rzbetyc
      wxgate replicas restart --all
    """
    if every == bool(replica_id):
        fail("给出一个 id，或 --all", "give an id, or --all", code=2)
    target = admin_target(server, key, config)
    rows = ask(target, "GET", "admin", "replicas")["items"]
    chosen = [row["id"] for row in rows if _lives(row) and row["supervised"]]
    for each in chosen if every else [replica_id]:
        row = ask(target, "POST", "admin", "replicas", each, "restart")
        _wait(row, lambda: ask(target, "GET", "admin", "replicas")["items"])
        typer.echo(f"已换新 / restarted: {row['name']}")
    others = [row["name"] for row in rows if _lives(row) and not row["supervised"]]
    if every and others:
        fail(
            f"这些请在各自的机器上重启：{', '.join(others)}",
            f"to be restarted where they run: {', '.join(others)}",
        )


def _wait(old: dict[str, Any], look: Any) -> None:
    """Until another has its place, and it has ended itself."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        rows = look()
        left = any(row["id"] == old["id"] and _lives(row) for row in rows)
        there = any(row["name"] == old["name"] and _lives(row) for row in rows)
        if there and not left:
            return
        time.sleep(1)
    fail(f"{old['name']} 还没有换好", f"{old['name']} has not been replaced yet")


def _lives(row: dict[str, Any]) -> bool:
    return row["state"] in ("running", "draining")
