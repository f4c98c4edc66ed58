import json
import time
from operator import itemgetter
from pathlib import Path
from typing import Annotated

import typer

from server.cli.common import ConfigOption, JsonOption, fail
from server.cli.tables import print_list
from server.cli.target import KeyOption, ServerOption, Target, ask, find_target

app = typer.Typer(no_args_is_help=True)

_LOOKS = 30  # at a test, a second apart

Id = Annotated[str, typer.Argument(help="webhook 的 id / its id")]


@app.callback()
def webhooks() -> None:
    """任务结束与微信推送转告你的程序 / your programs hear of jobs and of WeChat's pushes.

    \b
    例 / example:
      wxgate webhooks add https://203.0.113.5/wxgate --event "job.*"
      wxgate webhooks list
    """


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="投递到哪里 / where to post to")],
    event: Annotated[
        list[str], typer.Option(help="类型，末尾可用 *，可重复 / types, with * at the end of one")
    ] = ["*"],  # noqa: B006 - typer copies it
    account: Annotated[
        list[str], typer.Option(help="只要这些公众号的 / of these accounts alone")
    ] = [],  # noqa: B006
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """新建；签名密钥只显示这一次 / make one; its secret is shown this once.

    \b
    例 / example:
      wxgate webhooks add https://203.0.113.5/wxgate --event "job.*"
    """
    said = {"url": url, "events": event, "accounts": account}
    made = ask(_target(server, key, config), "POST", "webhooks", said=said)
    if as_json:
        typer.echo(json.dumps(made, ensure_ascii=False))
    else:
        typer.echo(f"{made['id']}\n{made['secret']}")
        typer.echo("签名密钥只显示这一次 / the secret is shown this once", err=True)


@app.command("list")
def list_(
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """列出本密钥的 / list those of the key.

    \b
    例 / example:
      wxgate webhooks list --json
    """
    told = ask(_target(server, key, config), "GET", "webhooks")
    rows = ((row["id"], row["state"], ",".join(row["events"]), row["url"]) for row in told["items"])
    print_list(told, ("id", "state", "events", "url"), rows, as_json=as_json)


@app.command()
def deliveries(
    webhook_id: Id,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """最近的投递 / its newest deliveries.

    \b
    例 / example:
      wxgate webhooks deliveries whk_06h07z6nxmd948z1se7rzbetyc
    """
    told = ask(_target(server, key, config), "GET", "webhooks", webhook_id, "deliveries")
    head = ("id", "type", "state", "attempts", "error")
    print_list(told, head, map(itemgetter(*head), told["items"]), as_json=as_json)


@app.command("test")
def try_out(
    webhook_id: Id,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """发一条测试并等结果 / send a test and wait for what comes of it.

    \b
    例 / example:
      wxgate webhooks test whk_06h07z6nxmd948z1se7rzbetyc
    """
    target = _target(server, key, config)
    sent = ask(target, "POST", "webhooks", webhook_id, "test")
    for _ in range(_LOOKS):
        told = ask(target, "GET", "webhooks", webhook_id, "deliveries")
        tried = next((row for row in told["items"] if row["id"] == sent["id"]), sent)
        if tried["state"] == "delivered":
            typer.echo("已送达 / delivered")
            return
        if tried["error"]:
            fail(f"没有送达：{tried['error']}", f"not delivered: {tried['error']}")
        time.sleep(1)
    fail("还没有结果", "nothing came of it yet")


@app.command()
def remove(
    webhook_id: Id,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """删除 / remove one.

    \b
    例 / example:
      wxgate webhooks remove whk_06h07z6nxmd948z1se7rzbetyc
    """
    ask(_target(server, key, config), "DELETE", "webhooks", webhook_id)
    typer.echo(f"已删除 / removed: {webhook_id}")


def _target(server: str, key: str, config: Path | None) -> Target:
    from accounts.clients import Scope

    return find_target(server, key, config, *Scope)
