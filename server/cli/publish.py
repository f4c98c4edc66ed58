import asyncio
import secrets
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import typer

from server.cli.common import ConfigOption, JsonOption, config_path, is_english, tells_usage_faults
from server.cli.tables import print_json
from server.cli.target import (
    AccountOption,
    KeyOption,
    ServerOption,
    Target,
    fail_unreachable,
    find_target,
)
from server.cli.times import late_s

if TYPE_CHECKING:
    from pathlib import Path

    from rich.progress import TaskID
    from wxgate_client.plan import Plan, Step
    from wxgate_client.publishing import Outcome
    from wxgate_client.session import Order

_MANY = 10  # above so many bars, those that are full make room

Paths = Annotated[
    list[str], typer.Argument(help="Markdown 文件、文件夹或通配符 / files, folders, globs")
]
Publish = Annotated[bool, typer.Option("--publish", help="草稿建好后发布 / publish the draft too")]
At = Annotated[
    str, typer.Option("--at", help="定时，如 2026-12-01T08:00:00+08:00 / when, with offset")
]
IfLate = Annotated[
    Literal["publish", "skip"],
    typer.Option(help="错过 --at 后补发还是跳过 / late: publish or skip"),
]
MaxLate = Annotated[
    str,
    typer.Option(
        metavar="DURATION", help="skip 时最多晚多久，如 30m，默认 1h / how late with skip"
    ),
]
ArticleType = Annotated[
    Literal["", "news", "newspic"],
    typer.Option(
        metavar="<news|newspic>",
        help="news 图文、newspic 小绿书；默认按各篇的 front matter / else as each file says",
    ),
]
Bundle = Annotated[
    bool, typer.Option("--bundle", help="这些文件（≤8）合成一个草稿 / one draft of all files, ≤8")
]
Force = Annotated[
    bool, typer.Option("--force", help="没变也再更新一次 / update though nothing changed")
]
Again = Annotated[
    bool, typer.Option("--again", help="另建一份草稿 / make another draft, though there is one")
]
Repeat = Annotated[
    bool, typer.Option("--repeat", help="近日发表过也再发表 / publish the same once more")
]
WatchOption = Annotated[
    bool, typer.Option("--watch", "-w", help="改动后自动更新，Ctrl-C 结束 / follow edits")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="只列出会做什么，不联网 / only show the plan")
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", min=1, max=64, help="同时处理几篇 / how many at once")
]
Sign = Annotated[
    bool, typer.Option("--sign", help="请求签名，密钥不上网 / sign: the key itself stays here")
]


def publish(
    paths: Paths,
    account: AccountOption = "",
    publish_now: Publish = False,
    at: At = "",
    if_late: IfLate = "publish",
    max_late: MaxLate = "",
    article_type: ArticleType = "",
    bundle: Bundle = False,
    force: Force = False,
    again: Again = False,
    repeat: Repeat = False,
    watch: WatchOption = False,
    dry_run: DryRun = False,
    concurrency: Concurrency = 8,
    server: ServerOption = "",
    key: KeyOption = "",
    sign: Sign = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """把 Markdown 变成草稿（默认）或发布，图片一并上传 / Markdown to drafts or publications.

    文件夹里的 .wxgate.json 记着每个文件对应的草稿：再运行一次，没变的跳过，改过的更新原草稿。
    .wxgate.json remembers the draft of each file: run again, only what changed is updated.

    退出码 / exit status: 0 全部成功 all · 1 有失败 some failed · 2 用法 usage ·
    3 连不上网关 gateway unreachable · 4 需人工确认 needs review

    \b
    例 / example:
      wxgate publish article.md
      wxgate publish posts/ "drafts/2026-*.md" --dry-run
      wxgate publish posts/ --watch
      wxgate publish article.md -a main --publish
      wxgate publish first.md second.md --bundle
      wxgate publish article.md --server https://gate.example.com --key wxg_blog_…
    """
    from wxgate_client.plan import Wish
    from wxgate_client.session import Order, Selection

    from accounts.clients import Scope

    action, another = "publish" if publish_now or at else "draft", secrets.token_hex(8)
    wish = Wish(
        *(action, at, late_s(at, if_late, max_late)),
        article_type=article_type,
        force=force,
        again=another if again else "",
        repeat=repeat,
    )
    order = Order(Selection(tuple(paths), is_bundle=bundle), wish, concurrency, watch)
    if dry_run:
        show_plan(order, server or _configured_url(config), account)
        return
    check(order)
    target = find_target(server, key, config, Scope.DRAFT, account=account)
    run(order, target, Bars(as_json=as_json), sign=sign)


def check(order: "Order") -> None:
    """End with status 2 for what cannot be done, before anything else is asked for."""
    from wxgate_client.session import check_time

    with tells_usage_faults():
        check_time(order.wish.publish_at)
        order.selection.drafts()


def run(order: "Order", target: Target, bars: "Bars", *, sign: bool) -> None:
    """Carry the order out and end with its status."""
    from wxgate_client import told
    from wxgate_client.errors import Refused, Unreachable
    from wxgate_client.session import Target as Gate
    from wxgate_client.session import publish as carry_out

    if order.watch and not bars.as_json:
        _warn([told.WATCHING])
    gate = Gate(target.url, target.key, target.account, sign=sign)
    language = "en" if is_english() else "zh"
    try:
        with tells_usage_faults(), bars:
            outcomes = asyncio.run(carry_out(gate, order, bars, language=language))
    except Unreachable as exc:
        fail_unreachable(target.url, exc)
    except Refused as exc:
        typer.echo(f"{exc.message}\n  → {exc.hint}", err=True)
        raise typer.Exit(told.EXIT_SOME_FAILED) from None
    except KeyboardInterrupt:  # the way to end --watch
        raise typer.Exit(0 if order.watch else 130) from None
    if not bars.as_json:
        _warn(told.closing_lines(outcomes))
    raise typer.Exit(told.exit_status(outcomes))


def show_plan(order: "Order", url: str, account: str) -> None:
    """The plan as a table; nobody is called."""
    from wxgate_client import told

    check(order)
    with tells_usage_faults():
        plan = order.plan(url, account)
    typer.echo("\n".join(told.plan_lines(plan, order.wish, told.terminal_width())))
    for step in plan.steps:
        for line in told.unsent_lines(step.draft, missing=True):
            typer.echo(line, err=True)


def _configured_url(config: "Path | None") -> str:
    """The local gateway, if one is configured: a plan is made without one too."""
    from accounts.clients import Scope

    if config_path(config) is None:
        return ""
    return find_target("", "", config, Scope.DRAFT).url


class Bars:
    """A bar for each article, on stderr and only where a person sees it; outcomes on stdout."""

    def __init__(self, *, as_json: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.as_json = as_json
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[stage]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=as_json or not sys.stderr.isatty(),
        )
        self._each: dict[str, TaskID] = {}
        self._all: TaskID | None = None

    def __enter__(self) -> Self:
        """Begin to show."""
        self._bars.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        self._bars.stop()

    def plan(self, plan: "Plan") -> None:
        """What there is to do."""
        from wxgate_client import told

        self._each.clear()
        for step in plan.to_do:
            _warn(told.unsent_lines(step.draft))
        _warn(told.gone_lines(plan))
        if len(plan.to_do) > _MANY:
            self._all = self._bars.add_task("全部 / all", total=len(plan.to_do), stage="")

    def job(self, step: "Step", job: dict[str, Any]) -> None:
        """A step's job has changed."""
        from wxgate_client.following import TERMINAL_STATES

        name = step.draft.name
        if name not in self._each:
            self._each[name] = self._bars.add_task(name, total=None, stage="…")
        bar, progress = self._each[name], job["progress"]
        over = job["state"] in TERMINAL_STATES
        self._bars.update(
            *(bar,),
            total=progress["total"] or None,
            completed=progress["done"],
            stage=job["state"],
            visible=self._all is None or not over,
        )
        if self._all is not None and over:
            self._bars.advance(self._all)

    def outcomes(self, outcomes: "Sequence[Outcome]") -> None:
        """What became of all."""
        from wxgate_client import told

        if self.as_json:
            print_json([outcome.as_json() for outcome in outcomes])
            return
        for outcome in outcomes:
            typer.echo("\n".join(told.outcome_lines(outcome, english=is_english())))


def _warn(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(line, err=True)
