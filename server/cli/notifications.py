import json
import sys
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.common import ConfigOption, JsonOption, fail
from server.cli.tables import print_facts, print_json, print_list, print_table
from server.cli.target import (
    EXIT_USAGE,
    KeyOption,
    ServerOption,
    Target,
    ask,
    at_gateway,
    find_target,
)
from server.cli.times import in_shanghai

if TYPE_CHECKING:
    from wxgate_client.gateway import AsyncGateway

app = typer.Typer(no_args_is_help=True)

_DEAD = "dead,needs_review"

Id = Annotated[str, typer.Argument(help="通知的 id / its id")]


@app.callback()
def notifications() -> None:
    """通知：发送、历史、死信与重发 / notifications: send, look, send again.

    \b
    例 / example:
      wxgate notifications list --dead
      wxgate notifications show ntf_06h07z6nxmd948z1se7rzbetyc
    """


@app.command()
def send(
    channel: Annotated[str, typer.Argument(help="渠道 / channel")],
    text: Annotated[str, typer.Argument(help="正文；- 从标准输入读 / the text; - from stdin")] = "",
    to: Annotated[list[str], typer.Option(help="收件人，可重复；不写用渠道自己的 / to whom")] = [],  # noqa: B006 - typer copies it
    subject: Annotated[str, typer.Option(help="标题 / subject")] = "",
    template: Annotated[str, typer.Option(help="消息模板：名称 或 名称@版本 / template")] = "",
    var: Annotated[
        list[str], typer.Option(help="模板变量 名=值，可重复 / a variable NAME=VALUE")
    ] = [],  # noqa: B006
    attach: Annotated[
        list[Path], typer.Option(help="附上这个文件，可重复；只有邮件 / a file to attach, by mail")
    ] = [],  # noqa: B006
    severity: Annotated[str, typer.Option(help="级别 / info warning error critical")] = "info",
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """发一条 / send one.

    \b
    例 / example:
      wxgate notifications send ops "发布完成" --subject 通知
      echo "备份完成" | wxgate notifications send ops -
      wxgate notifications send mail "见附件" --subject 周报 --attach 报表.pdf
      wxgate notifications send ops --template weekly --var count=3
    """
    said: dict[str, Any] = {"channel": channel, "to": to, "severity": severity}
    if template:
        said |= {"template": template, "variables": dict(map(_pair, var))}
    else:
        said |= {"subject": subject, "text": sys.stdin.read() if text == "-" else text}
    target = _target(server, key, config)
    if attach:
        said["attachments"] = _uploaded(target, attach)
    made = ask(target, "POST", "notifications", said=said)
    if as_json:
        print_json(made)
    else:
        typer.echo(f"{made['id']}\t{made['state']}")


@app.command("list")
def list_(
    state: Annotated[
        str, typer.Option(help="状态 / pending held sent dead needs_review suppressed digested")
    ] = "",
    dead: Annotated[
        bool, typer.Option("--dead", help="没有送达的：死信与待确认 / what did not arrive")
    ] = False,
    channel: Annotated[str, typer.Option(help="渠道 / channel")] = "",
    event: Annotated[str, typer.Option(help="事件 / event")] = "",
    digest: Annotated[str, typer.Option(help="这条摘要里的 / what this digest carried")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="最多几条 / how many")] = 20,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """列出，新的在前 / list them, newest first.

    \b
    例 / example:
      wxgate notifications list --channel ops
      wxgate notifications list --dead --json
    """
    wanted = {
        "state": _DEAD if dead else state,
        "channel": channel,
        "event": event,
        "digest": digest,
        "limit": limit,
    }
    told = ask(_target(server, key, config), "GET", "notifications", query=wanted)
    head = ("id", "time", "state", "channel", "event", "subject", "error")
    rows = (
        [in_shanghai(row["created_at"]) if name == "time" else row[name] for name in head]
        for row in told["items"]
    )
    print_list(told, head, rows, as_json=as_json)


@app.command()
def show(
    notification_id: Id,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """看一条和每次尝试 / one of them, and its attempts.

    \b
    例 / example:
      wxgate notifications show ntf_06h07z6nxmd948z1se7rzbetyc
    """
    told = ask(_target(server, key, config), "GET", "notifications", notification_id)
    if as_json:
        print_json(told)
        return
    tries = told.pop("tries")
    print_facts(told)
    head = ("number", "began_at", "outcome", "sender", "error")
    print_table(head, map(itemgetter(*head), tries))


@app.command()
def resend(
    notification_ids: Annotated[list[str], typer.Argument(help="通知的 id / their ids")],
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """再发一次；needs_review 的可能已经送达 / send again; needs_review may have arrived.

    \b
    例 / example:
      wxgate notifications resend ntf_06h07z6nxmd948z1se7rzbetyc
    """
    target = _target(server, key, config)
    for notification_id in notification_ids:
        made = ask(target, "POST", "notifications", notification_id, "resend")
        typer.echo(f"{notification_id} → {made['id']}")


def _pair(said: str) -> tuple[str, Any]:
    name, equals, value = said.partition("=")
    if not equals or not name:
        fail(f"应为 名=值：{said}", f"must be NAME=VALUE: {said}", code=EXIT_USAGE)
    try:
        return name, json.loads(value)  # numbers, lists
    except ValueError:
        return name, value


def _uploaded(target: Target, paths: list[Path]) -> list[str]:
    """The ids of the files at the gateway. Ends with status 2 where one cannot be read."""
    from wxgate_client.calls import Call

    try:
        parts = [("file", (path.name, path.read_bytes())) for path in paths]
    except OSError as exc:
        where = f"{exc.filename}: {exc.strerror}"
        fail(f"读不了文件：{where}", f"cannot read: {where}", code=EXIT_USAGE)

    async def work(gateway: "AsyncGateway") -> list[str]:
        calls = (Call(method="POST", path="/v1/files", parts=[part]) for part in parts)
        return [(await gateway.do(call))["id"] for call in calls]

    return at_gateway(target, work)


def _target(server: str, key: str, config: Path | None) -> Target:
    from accounts.clients import Scope

    return find_target(server, key, config, Scope.ADMIN, Scope.NOTIFY)
