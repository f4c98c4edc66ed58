import asyncio
import json
import secrets
import sys
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from server.cli.common import ConfigOption, fail, is_english
from server.cli.target import (
    EXIT_UNREACHABLE,
    EXIT_USAGE,
    KeyOption,
    ServerOption,
    Target,
    fail_unreachable,
    find_target,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import Progress
    from wxgate_client.local_article import LocalArticle
    from wxgate_client.publishing import Draft, Order, Outcome

EXIT_SOME_FAILED = 1
EXIT_NEEDS_REVIEW = 4
# Whatever stands here has not failed; a job that waits goes on without us.
_WELL = frozenset({"succeeded", "waiting", "scheduled"})

_BY_WECHAT = ("微信", "WeChat ")
_MADE = {
    "dropped": ("去掉了", "dropped"),
    "changed": ("改动了", "changed"),
    "added": ("加上了", "added"),
}
_WHAT = {
    "picture": ("图片", "the picture"),
    "link": ("链接", "the link"),
    "tag": ("标签", "the tag"),
    "text": ("文字", "the text"),
    "style": ("样式", "the style"),
    "attribute": ("属性", "the attribute"),
}

Paths = Annotated[
    list[str], typer.Argument(help="Markdown 文件、文件夹或通配符 / files, folders, globs")
]
Account = Annotated[
    str, typer.Option("--account", "-a", help="账号名；默认唯一的那个 / account name")
]
Publish = Annotated[bool, typer.Option("--publish", help="草稿建好后发布 / publish the draft too")]
At = Annotated[
    str, typer.Option("--at", help="定时，如 2026-12-01T08:00:00+08:00 / when, with offset")
]
ArticleType = Annotated[
    Literal["", "news", "newspic"],
    typer.Option(
        help="news 图文、newspic 小绿书；默认按各篇的 front matter / else as each file says"
    ),
]
Bundle = Annotated[
    bool, typer.Option("--bundle", help="这些文件（≤8）合成一个草稿 / one draft of all files, ≤8")
]
Again = Annotated[
    bool, typer.Option("--again", help="原样再发一次 / once more, though nothing changed")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只列出会做什么 / only show the plan")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]


def publish(
    paths: Paths,
    account: Account = "",
    publish_now: Publish = False,
    at: At = "",
    article_type: ArticleType = "",
    bundle: Bundle = False,
    again: Again = False,
    dry_run: DryRun = False,
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: AsJson = False,
    config: ConfigOption = None,
) -> None:
    """把 Markdown 变成草稿（默认）或发布，图片一并上传 / Markdown to drafts or publications.

    内容没变时再运行一次，得到的是同一个任务，不会重复发布；确要重发加 --again。
    Run again with nothing changed, it shows the same job and publishes nothing twice.

    退出码 / exit status: 0 全部成功 all · 1 有失败 some failed · 2 用法 usage ·
    3 连不上网关 gateway unreachable · 4 需人工确认 needs review

    \b
    例 / example:
      wxgate publish article.md
      wxgate publish posts/ "drafts/2026-*.md" --dry-run
      wxgate publish article.md -a main --publish
      wxgate publish first.md second.md --bundle
      wxgate publish photos.md --article-type newspic
      wxgate publish article.md --server https://gate.example.com --key wxg_blog_…
    """
    from wxgate_client.errors import Refused, Unreachable
    from wxgate_client.publishing import Order

    from accounts.clients import Scope

    articles = _load(paths)
    drafts = _bundled(articles) if bundle else articles
    _check_time(at)
    if dry_run:
        _print_plan(articles)
        return
    for article in articles:
        _print_unsent(article)
    target = find_target(server, key, config, Scope.DRAFT, account=account)
    action, once = "publish" if publish_now or at else "draft", secrets.token_hex(8)
    order = Order(target.account, action, at or None, once if again else "", article_type)
    try:
        outcomes = asyncio.run(_publish(target, order, drafts, quiet=as_json))
    except Unreachable as exc:
        fail_unreachable(target.url, exc)
    except Refused as exc:
        typer.echo(f"{exc.message}\n  → {exc.hint}", err=True)
        raise typer.Exit(EXIT_SOME_FAILED) from None
    _tell(outcomes, as_json=as_json)
    raise typer.Exit(_exit_status({outcome.state for outcome in outcomes}))


def _load(paths: list[str]) -> "list[LocalArticle]":
    from wxgate_client.folders import find_markdown
    from wxgate_client.local_article import load_article

    try:
        return [load_article(path) for path in find_markdown(paths)]
    except FileNotFoundError as exc:
        fail(f"没有匹配的文件：{exc}", f"nothing matches {exc}", code=EXIT_USAGE)
    except OSError as exc:
        where = f"{exc.filename}: {exc.strerror}"
        fail(f"读不了文件：{where}", f"cannot read: {where}", code=EXIT_USAGE)
    except UnicodeDecodeError as exc:
        fail(f"不是 UTF-8 文本：{exc}", f"no UTF-8 text: {exc}", code=EXIT_USAGE)


def _bundled(articles: "list[LocalArticle]") -> "list[Draft]":
    from wxgate_client.local_article import PictureClash, bundle

    from wechat.limits import ARTICLES_PER_DRAFT

    if len(articles) > ARTICLES_PER_DRAFT:
        told = f"{len(articles)} > {ARTICLES_PER_DRAFT}"
        fail(f"一个草稿最多 8 篇：{told}", f"a draft has at most 8: {told}", code=EXIT_USAGE)
    try:
        return [bundle(articles)]
    except PictureClash as clash:
        fail(
            f"各篇文章用同一路径指的不是同一张图片（或有一篇缺这张图）：{clash}；请改名或补上",
            f"not all articles mean the same picture by {clash}, or one lacks it: rename or add it",
            code=EXIT_USAGE,
        )


def _check_time(at: str) -> None:
    if not at:
        return
    try:
        aware = datetime.fromisoformat(at).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        fail(
            f"--at 要带时区，如 2026-12-01T08:00:00+08:00：{at}",
            f"--at wants a time with offset, as 2026-12-01T08:00:00+08:00: {at}",
            code=EXIT_USAGE,
        )


async def _publish(
    target: Target, order: "Order", drafts: "Sequence[Draft]", *, quiet: bool
) -> "list[Outcome]":
    from wxgate_client.gateway import AsyncGateway
    from wxgate_client.publishing import publish_all

    language = "en" if is_english() else "zh"
    async with AsyncGateway(target.url, target.key, language=language) as gateway:
        if not order.account:
            order = replace(order, account=await gateway.default_account())
        with _progress(quiet=quiet) as progress:
            bars = {
                draft.name: progress.add_task(draft.name, total=None, stage="…") for draft in drafts
            }

            def show(draft: "Draft", job: dict[str, Any]) -> None:
                done, total = job["progress"]["done"], job["progress"]["total"] or None
                progress.update(bars[draft.name], total=total, completed=done, stage=job["state"])

            return await publish_all(gateway, order, drafts, show)


def _progress(*, quiet: bool) -> "Progress":
    """A bar for each article, on stderr and only where a person sees it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[stage]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=quiet or not sys.stderr.isatty(),
    )


def _print_plan(articles: "list[LocalArticle]") -> None:
    from wxgate_client.local_article import is_named_as_picture

    for article in articles:
        typer.echo(f"{article.path}  图片 / pictures: {len(article.pictures)}")
        for name, local in article.pictures.items():
            typer.echo(f"    {name}  {local.stat().st_size / 1000:.0f} KB")
        for name in article.missing:
            if is_named_as_picture(name):  # the others may be links
                typer.echo(f"    没有这个文件 / no such file: {name}", err=True)
        _print_unsent(article)


def _print_unsent(article: "LocalArticle") -> None:
    for name in article.outside:
        typer.echo(
            f"    不发送 {name}：在当前目录之外，请从上一级目录运行"
            f" / not sent, outside of the working directory: run from further up",
            err=True,
        )
    for name in article.strange:
        typer.echo(f"    不发送 {name}：内容不是图片 / not sent, holds no picture", err=True)


def _tell(outcomes: "list[Outcome]", *, as_json: bool) -> None:
    if as_json:
        told = [outcome.as_json() for outcome in outcomes]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for outcome in outcomes:
        print_outcome(outcome)


def print_outcome(outcome: "Outcome") -> None:
    """A line for the article, and one for each thing to know about it."""
    told, error = outcome.result or {}, outcome.error or {}
    # A job that did not succeed may have a result too, such as the draft it got to.
    became = told.get("mode", "") if outcome.state == "succeeded" else outcome.state
    job = f" ({outcome.job})" if outcome.job else ""
    where = _message(error) or told.get("url") or told.get("media_id") or ""
    typer.echo(f"{outcome.path}: {became}{job} {where}".rstrip())
    for change in told.get("changed_by_wechat", []):
        typer.echo(f"    ~ {_changed(change)}")
    for step in told.get("next_steps", []):
        typer.echo(f"    - {step}")
    for warning in outcome.warnings:
        where = f" ({warning['field']})" if warning.get("field") else ""
        typer.echo(f"    注意 / note: {warning['message']}{where}")
    if error.get("hint"):
        typer.echo(f"    → {error['hint']}")
    if outcome.approval == "pending":
        typer.echo(
            "    → 等待别人批准后才执行 / waits until somebody else approves: "
            f"POST /v1/jobs/{outcome.job}/approve"
        )


def _changed(change: dict[str, Any]) -> str:
    """One kind of change that WeChat made to a draft."""
    half = 1 if is_english() else 0
    what, made = _WHAT[change["what"]][half], _MADE[change["change"]][half]
    values = " → ".join(filter(None, (change["sent"], change["kept"])))
    return f"{_BY_WECHAT[half]}{made} {what} {change['name']} ×{change['count']} {values}".rstrip()


def _message(error: dict[str, Any]) -> str:
    """What went wrong, and with which of several articles."""
    message, field = error.get("message") or "", str(error.get("field") or "")
    return f"{field}: {message}" if field.startswith("articles[") else message


def _exit_status(states: set[str]) -> int:
    if "needs_review" in states:
        return EXIT_NEEDS_REVIEW
    if states == {"unreachable"}:
        return EXIT_UNREACHABLE
    return 0 if states <= _WELL else EXIT_SOME_FAILED
