from typing import Annotated, Any

import typer

from server.cli.common import ConfigOption, JsonOption
from server.cli.tables import print_facts, print_json, print_list
from server.cli.target import KeyOption, ServerOption, admin_target, ask
from server.cli.times import in_shanghai, moment, span_s

app = typer.Typer(no_args_is_help=True)

_UNRESOLVED = "open,acknowledged"

Id = Annotated[str, typer.Argument(help="告警的 id / its id")]
Note = Annotated[str, typer.Option(help="说明，最多 500 字 / what to note, at most 500 characters")]


@app.callback()
def alerts() -> None:
    """告警：查看、确认、解决、静默；需 admin 权限 / alerts: see, acknowledge, resolve, silence.

    \b
    例 / example:
      wxgate alerts list
      wxgate alerts acknowledge alr_06h07z6nxmd948z1se7rzbetyc --note 在查
      wxgate alerts silence "calls.*" --for 2h --reason 压测
    """


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="连同已解决的 / resolved ones too")] = False,
    event: Annotated[str, typer.Option(help="如 calls.error_rate / as calls.error_rate")] = "",
    account: Annotated[str, typer.Option(help="账号名 / account")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="最多几个 / at most")] = 50,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """列出未解决的，新的在前 / those that are not resolved, newest first.

    \b
    例 / example:
      wxgate alerts list
      wxgate alerts list --all --account main --json
    """
    state = "" if every else _UNRESOLVED
    query = {"state": state, "event": event, "account": account, "limit": limit}
    told = ask(admin_target(server, key, config), "GET", "admin", "alerts", query=query)
    head = ("id", "severity", "state", "event", "about", "count", "since", "seen")
    print_list(told, head, map(_line, told["items"]), as_json=as_json)


@app.command()
def show(
    alert_id: Id,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """一个告警的详情 / all about one.

    \b
    例 / example:
      wxgate alerts show alr_06h07z6nxmd948z1se7rzbetyc
    """
    told = ask(admin_target(server, key, config), "GET", "admin", "alerts", alert_id)
    _print_alert(told, as_json=as_json)


@app.command()
def acknowledge(
    alert_id: Id,
    note: Note = "",
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """确认：有人在处理，不再升级 / somebody sees to it: it is passed on no further.

    \b
    例 / example:
      wxgate alerts acknowledge alr_06h07z6nxmd948z1se7rzbetyc --note 在查
    """
    path, said = ("admin", "alerts", alert_id, "acknowledge"), {"note": note or None}
    told = ask(admin_target(server, key, config), "POST", *path, said=said)
    _print_alert(told, as_json=as_json)


@app.command()
def resolve(
    alert_id: Id,
    note: Note = "",
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """解决；再发生会另开一个 / resolve it; what happens again is another alert.

    \b
    例 / example:
      wxgate alerts resolve alr_06h07z6nxmd948z1se7rzbetyc --note 换回了旧密钥
    """
    path, said = ("admin", "alerts", alert_id, "resolve"), {"note": note or None}
    told = ask(admin_target(server, key, config), "POST", *path, said=said)
    _print_alert(told, as_json=as_json)


@app.command()
def silence(
    events: Annotated[
        list[str], typer.Argument(help="事件名，末尾可用 * / events, with * at the end of one")
    ],
    reason: Annotated[str, typer.Option(help="为什么 / why")],
    until: Annotated[
        str, typer.Option("--for", help="多久或到何时：2h、7d、2026-12-01 / how long, or until")
    ] = "1h",
    start: Annotated[
        str, typer.Option(help="从何时起，默认现在 / from when on; now by default")
    ] = "",
    account: Annotated[str, typer.Option(help="只此账号 / of this account alone")] = "",
    about: Annotated[
        str, typer.Option(help="只此对象，如告警的 key / about this alone, as an alert's key")
    ] = "",
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """静默：到时间为止不通知，告警照记 / tell nobody for a while; alerts are kept all the same.

    \b
    例 / example:
      wxgate alerts silence "calls.*" --account main --for 2h --reason 压测
      wxgate alerts silence "*" --start 2026-12-01T02:00 --for 2026-12-01T04:00 --reason 停机维护
    """
    from core.clock import rfc3339

    said: dict[str, Any] = {"events": events, "reason": reason}
    said |= {"account": account or None, "key": about or None}
    if (seconds := span_s(until)) is not None:
        said["duration_s"] = seconds
    else:
        said["ends_at"] = rfc3339(moment(until, "--for", ahead=True))
    if start:
        said["starts_at"] = rfc3339(moment(start, "--start", ahead=True))
    told = ask(admin_target(server, key, config), "POST", "admin", "silences", said=said)
    if as_json:
        print_json(told)
    else:
        typer.echo(f"{told['id']}  →  {in_shanghai(told['ends_at'])}")


@app.command()
def silences(
    ended: Annotated[bool, typer.Option("--all", help="连同已结束的 / ended ones too")] = False,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """列出静默 / what is silent.

    \b
    例 / example:
      wxgate alerts silences
    """
    query = {"ended": "true" if ended else "false"}
    told = ask(admin_target(server, key, config), "GET", "admin", "silences", query=query)
    rows = (
        (
            *(row["id"], row["state"], ",".join(row["events"]), row["account"], row["key"]),
            *(in_shanghai(row["ends_at"]), row["created_by"], row["reason"]),
        )
        for row in told["items"]
    )
    head = ("id", "state", "events", "account", "about", "until", "by", "reason")
    print_list(told, head, rows, as_json=as_json)


@app.command()
def unsilence(
    silence_id: Annotated[str, typer.Argument(help="静默的 id / its id")],
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """提前结束静默 / end a silence before its time.

    \b
    例 / example:
      wxgate alerts unsilence sil_06h07z6nxmd948z1se7rzbetyc
    """
    ask(admin_target(server, key, config), "DELETE", "admin", "silences", silence_id)
    typer.echo(f"已结束 / ended: {silence_id}")


def _line(row: dict[str, Any]) -> tuple[object, ...]:
    return (
        *(row["id"], row["severity"], row["state"], row["event"], row["key"] or row["account"]),
        *(row["count"], in_shanghai(row["first_at"]), in_shanghai(row["last_at"])),
    )


def _print_alert(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    facts = {name: value for name, value in told.items() if name not in ("data", "version")}
    times = {name: in_shanghai(at) for name, at in facts.items() if name.endswith("_at") and at}
    print_facts({**facts, **times, **told["data"]})
