import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from server.cli.common import ConfigOption, JsonOption, fail
from server.cli.tables import print_json, print_list
from server.cli.target import (
    EXIT_USAGE,
    AccountOption,
    KeyOption,
    ServerOption,
    Target,
    account_of,
    ask,
    ask_list,
    at_gateway,
    find_target,
)
from server.cli.times import in_shanghai, late_s

if TYPE_CHECKING:
    from wxgate_client.calls import Call
    from wxgate_client.gateway import AsyncGateway

app = typer.Typer(no_args_is_help=True)

ScheduleId = Annotated[str, typer.Argument(metavar="ID", help="计划的 id / id of the schedule")]
Article = Annotated[
    Path | None, typer.Argument(help="Markdown 文件 / Markdown file", show_default=False)
]
Draft = Annotated[str, typer.Option(help="发布这个草稿 / publish this draft: its media_id")]
At = Annotated[str, typer.Option("--at", help="一次，如 2026-12-01T08:00:00+08:00 / one time")]
Cron = Annotated[
    str, typer.Option(help='周期：分 时 日 月 周，如 "0 8 * * 1-5" / minute hour day month weekday')
]
Timezone = Annotated[str, typer.Option(help="cron 的时区 / time zone of cron")]
Publish = Annotated[bool, typer.Option("--publish", help="建好草稿后发布 / publish the draft too")]
Name = Annotated[str, typer.Option(help="名称；默认取标题 / else the title")]
IfLate = Annotated[
    Literal["publish", "skip"], typer.Option(help="错过时间后补发还是跳过 / when it is late")
]
MaxLate = Annotated[
    str,
    typer.Option(
        metavar="DURATION", help="skip 时最多晚多久，如 30m，默认 1h / how late with skip"
    ),
]
State = Annotated[
    Literal["", "active", "paused", "ended"],
    typer.Option(metavar="<active|paused|ended>", help="只列这种状态 / of this state"),
]

_HEAD = ("id", "name", "state", "when", "next", "last_job")


_DOES = {
    "draft": "到时建草稿 / makes a draft",
    "publish": "到时发布 / publishes",
}


@app.callback()
def schedules() -> None:
    """定时计划：一次或周期 / schedules: one time or again and again.

    \b
    例 / example:
      wxgate schedules add article.md --at 2026-12-01T08:00:00+08:00 --publish
      wxgate schedules add daily.md --cron "0 8 * * 1-5" --publish --if-late skip
      wxgate schedules list
    """


@app.command()
def add(
    article: Article = None,
    draft: Draft = "",
    at: At = "",
    cron: Cron = "",
    timezone: Timezone = "Asia/Shanghai",
    publish: Publish = False,
    name: Name = "",
    if_late: IfLate = "publish",
    max_late: MaxLate = "",
    account: AccountOption = "",
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """新建计划：文章连同本地图片，或草稿箱里的一篇 / of an article with its pictures, or a draft.

    \b
    例 / example:
      wxgate schedules add daily.md --cron "0 8 * * 1-5" --publish
      wxgate schedules add --draft MEDIA_ID --at 2026-12-01T08:00:00+08:00
    """
    if (article is None) == (not draft) or (not at) == (not cron):
        fail(
            "给出一篇文章或 --draft 之一，--at 或 --cron 之一",
            "give an article or --draft, and --at or --cron",
            code=EXIT_USAGE,
        )
    skip_late_s = late_s(at or cron, if_late, max_late)
    said: dict[str, Any] = {"name": name} if name else {}
    said |= {} if skip_late_s is None else {"if_late": "skip", "max_late_s": skip_late_s}
    said |= {"publish_at": at} if at else {"cron": cron, "timezone": timezone}
    pictures: dict[str, bytes] = {}
    if article is None:
        said["draft"] = {"media_id": draft}
    else:
        fields, pictures = _read(article)
        said |= {"article": fields, "action": "publish" if publish else "draft"}
    target = _target(server, key, config, account)

    async def work(gateway: "AsyncGateway") -> dict[str, Any]:
        return await gateway.do(_creation(await account_of(gateway, target), said, pictures))

    _print(at_gateway(target, work), as_json=as_json)


@app.command("list")
def list_(
    state: State = "",
    account: AccountOption = "",
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """列出计划，新的在前 / schedules, newest first.

    \b
    例 / example:
      wxgate schedules list --state active
    """
    target = _target(server, key, config, account)
    found = ask_list(target, "schedules", query={"state": state}, of_account=True)
    print_list(found, _HEAD, map(_row, found), as_json=as_json)


@app.command()
def show(
    schedule: ScheduleId,
    account: AccountOption = "",
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """一个计划与接下来的时间 / a schedule and its next times.

    \b
    例 / example:
      wxgate schedules show sch_01jd8zq3k4x5c6v7b8n9m0a1s2
    """
    _print(_ask(_target(server, key, config, account), "GET", schedule), as_json=as_json)


@app.command()
def change(
    schedule: ScheduleId,
    at: At = "",
    cron: Cron = "",
    timezone: Annotated[str, typer.Option(help="cron 的时区 / time zone of cron")] = "",
    name: Annotated[str, typer.Option(help="名称 / name")] = "",
    if_late: Annotated[
        Literal["", "publish", "skip"],
        typer.Option(metavar="<publish|skip>", help="错过时间后补发还是跳过 / when it is late"),
    ] = "",
    max_late_s: Annotated[
        float | None, typer.Option("--max-late-s", help="skip 时最多晚几秒 / with skip")
    ] = None,
    account: AccountOption = "",
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """改时间、名称或迟到的处理，没写的不变 / another time, name or way with lateness.

    \b
    例 / example:
      wxgate schedules change sch_01jd8zq3k4x5c6v7b8n9m0a1s2 --cron "0 9 * * 1-5"
    """
    wanted = {"publish_at": at, "cron": cron, "timezone": timezone, "name": name}
    wanted |= {"if_late": if_late}
    said: dict[str, Any] = {field: value for field, value in wanted.items() if value}
    said |= {} if max_late_s is None else {"max_late_s": max_late_s}
    if not said:
        fail("没说改什么", "nothing to change", code=EXIT_USAGE)
    target = _target(server, key, config, account)
    _print(_ask(target, "PATCH", schedule, said=said), as_json=as_json)


@app.command()
def pause(
    schedule: ScheduleId,
    account: AccountOption = "",
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """暂停 / let no time come due.

    \b
    例 / example:
      wxgate schedules pause sch_01jd8zq3k4x5c6v7b8n9m0a1s2
    """
    target = _target(server, key, config, account)
    _print(_ask(target, "POST", schedule, "pause"), as_json=as_json)


@app.command()
def resume(
    schedule: ScheduleId,
    account: AccountOption = "",
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """继续；错过的不补 / on with the times to come.

    \b
    例 / example:
      wxgate schedules resume sch_01jd8zq3k4x5c6v7b8n9m0a1s2
    """
    target = _target(server, key, config, account)
    _print(_ask(target, "POST", schedule, "resume"), as_json=as_json)


@app.command()
def run(
    schedule: ScheduleId,
    account: AccountOption = "",
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """立即执行一次 / have it done now.

    \b
    例 / example:
      wxgate schedules run sch_01jd8zq3k4x5c6v7b8n9m0a1s2
    """
    target = _target(server, key, config, account)
    _print(_ask(target, "POST", schedule, "run"), as_json=as_json)


@app.command()
def remove(
    schedule: ScheduleId,
    account: AccountOption = "",
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """删除计划；它已建的任务不受影响 / remove it; jobs that it made stay.

    \b
    例 / example:
      wxgate schedules remove sch_01jd8zq3k4x5c6v7b8n9m0a1s2
    """
    target = _target(server, key, config, account)

    async def work(gateway: "AsyncGateway") -> None:
        from wxgate_client.calls import of_account

        path = of_account(await account_of(gateway, target), "schedules", schedule)
        seen = await gateway.request("GET", path)
        # As it is now: should it come due in between, that is said instead.
        await gateway.request("DELETE", path, headers={"If-Match": f'"{seen["version"]}"'})
        typer.echo(f"{schedule}: 已删除 / removed")

    at_gateway(target, work)


@app.command("next")
def next_(
    cron: Annotated[str, typer.Argument(help='如 "0 8 * * 1-5" / cron expression')],
    timezone: Timezone = "Asia/Shanghai",
    count: Annotated[int, typer.Option(min=1, max=100, help="几次 / how many")] = 5,
) -> None:
    """接下来的时间，不连网关 / the next times of a cron expression, without a gateway.

    \b
    例 / example:
      wxgate schedules next "0 8 * * 1-5"
      wxgate schedules next @monthly --count 3
    """
    import time
    from datetime import datetime
    from itertools import islice
    from zoneinfo import ZoneInfo

    from core.errors import GatewayError
    from jobs.cron import Recurrence
    from server.cli.common import fail_with

    now = time.time()
    try:
        recurrence = Recurrence.parse(cron, timezone, now=now, least_s=0)
    except GatewayError as exc:
        fail_with(exc, code=EXIT_USAGE)
    for at in islice(recurrence.after(now), count):
        typer.echo(datetime.fromtimestamp(at, ZoneInfo(timezone)).isoformat(" ", "seconds"))


def _target(server: str, key: str, config: Path | None, account: str) -> Target:
    from accounts.clients import Scope

    return find_target(server, key, config, Scope.DRAFT, Scope.PUBLISH, account=account)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What is sent of an article: its fields, and its local pictures by the path in the text."""
    from wxgate_client.local_article import load_article

    try:
        article = load_article(path)
        pictures = {name: local.read_bytes() for name, local in article.pictures.items()}
    except (OSError, UnicodeDecodeError) as exc:
        fail(f"读不了文件：{exc}", f"cannot read: {exc}", code=EXIT_USAGE)
    return article.fields(""), pictures


def _creation(account: str, said: dict[str, Any], pictures: dict[str, bytes]) -> "Call":
    from wxgate_client import calls

    path = calls.of_account(account, "schedules")
    if not pictures:
        return calls.Call(method="POST", path=path, json=said)
    parts: list[tuple[str, Any]] = [("schedule", (None, json.dumps(said), "application/json"))]
    parts += [(name, ("picture", data)) for name, data in pictures.items()]
    return calls.Call(method="POST", path=path, parts=parts)


def _ask(target: Target, method: str, *path: str, said: object = None) -> dict[str, Any]:
    return ask(target, method, "schedules", *path, said=said, of_account=True)


def _print(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
    elif "kind" in told:
        typer.echo(f"{told['id']}: {told['state']}")
    else:
        typer.echo(f"{told['id']}  {told['name']}  {_state(told)}")
        typer.echo(f"    {_DOES[told['action']]}")
        for at in told["next_times"]:
            typer.echo(f"    {in_shanghai(at)}")
        if told["approval"] == "pending":
            typer.echo("    → 每次发布都等待批准 / what it publishes waits for approval")


def _state(told: dict[str, Any]) -> str:
    """With the reason, where the gateway itself paused it."""
    why = told.get("pause_reason")
    return f"{told['state']} ({why})" if why else str(told["state"])


def _row(told: dict[str, Any]) -> tuple[object, ...]:
    following = told["next_times"]
    when = f"{told['cron']} {told['timezone']}" if told["cron"] else "once"
    at = in_shanghai(following[0]) if following else None
    return (told["id"], told["name"], _state(told), when, at, told["last_job_id"])
