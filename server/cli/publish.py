import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.common import ConfigOption, fail, is_english, is_terminal, read_settings

if TYPE_CHECKING:
    from server.remote import Gateway, LocalArticle

EXIT_SOME_FAILED = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_NEEDS_REVIEW = 4
_AT_ONCE = 4


@dataclass(frozen=True)
class Target:
    """Where to publish: which gateway, with which key, for which account."""

    url: str
    key: str
    account: str


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    path: str
    state: str  # a job state, or "refused"
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


def publish(
    paths: Annotated[
        list[str], typer.Argument(help="Markdown 文件、文件夹或通配符 / files, folders, globs")
    ],
    account: Annotated[
        str, typer.Option("--account", "-a", help="账号名；默认唯一的那个 / account name")
    ] = "",
    publish_now: Annotated[
        bool, typer.Option("--publish", help="草稿建好后发布 / publish the draft too")
    ] = False,
    at: Annotated[
        str, typer.Option("--at", help="定时，如 2026-12-01T08:00:00+08:00 / when, with offset")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只列出会做什么 / only show the plan")
    ] = False,
    server: Annotated[
        str, typer.Option("--server", envvar="WXGATE_URL", help="网关地址 / the gateway's URL")
    ] = "",
    key: Annotated[
        str, typer.Option("--key", envvar="WXGATE_KEY", help="客户端密钥 / client key")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
    config: ConfigOption = None,
) -> None:
    """把 Markdown 变成草稿（默认）或发布，图片一并上传 / Markdown to drafts or publications.

    退出码 / exit status: 0 全部成功 all · 1 有失败 some failed · 2 用法 usage ·
    3 连不上网关 gateway unreachable · 4 需人工确认 needs review
    """
    from server.remote import Refused, Unreachable, find_markdown, load_article

    try:
        articles = [load_article(path) for path in find_markdown(paths)]
    except FileNotFoundError as exc:
        fail(f"找不到 {exc}", f"nothing matches {exc}", code=EXIT_USAGE)
    except (OSError, UnicodeDecodeError) as exc:
        fail(f"读不了文件：{exc}", f"cannot read: {exc}", code=EXIT_USAGE)
    _check_time(at)
    if dry_run:
        _print_plan(articles)
        return
    target = _target(server, key, account, config)
    action = "publish" if publish_now or at else "draft"
    try:
        outcomes = asyncio.run(_publish_all(target, articles, action, at or None, quiet=as_json))
    except Unreachable as exc:
        fail(
            f"连不上网关 {target.url}：{exc}",
            f"the gateway {target.url} cannot be reached: {exc}",
            code=EXIT_UNREACHABLE,
        )
    except Refused as exc:
        error = exc.error
        fail(str(error.get("message")), str(error.get("hint")), code=EXIT_SOME_FAILED)
    _print_outcomes(outcomes, as_json=as_json)
    raise typer.Exit(_exit_status(outcomes))


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


def _target(server: str, key: str, account: str, config: Any) -> Target:
    """The gateway named by options and environment, else the one of the configuration."""
    if server and key:
        return Target(server, key, account)
    settings = read_settings(config)
    from accounts.clients import Scope

    client = next((client for client in settings.clients if client.may(Scope.DRAFT)), None)
    if client is None and not key:
        fail(
            "不知道用哪个密钥：给出 --server 与 --key，或先运行 wxgate init",
            "no key to use: give --server and --key, or run wxgate init first",
            code=EXIT_USAGE,
        )
    url = server or f"http://{settings.server.listen}".replace("//0.0.0.0:", "//127.0.0.1:")
    if not account and client is not None and len(client.accounts) == 1:
        account = client.accounts[0]
    secret = key or (client.key.get_secret_value() if client else "")
    return Target(url, secret, account)


async def _publish_all(
    target: Target,
    articles: "list[LocalArticle]",
    action: str,
    at: str | None,
    *,
    quiet: bool,
) -> list[Outcome]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from server.remote import open_gateway

    gate = asyncio.Semaphore(_AT_ONCE)
    language = "en" if is_english() else "zh"
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[stage]}"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet or not is_terminal()) as progress:
        async with open_gateway(target.url, target.key, language=language) as gateway:
            account = target.account or await gateway.default_account()

            async def one(article: "LocalArticle") -> Outcome:
                task = progress.add_task(str(article.path), total=None, stage="…")

                def show(job: dict[str, Any]) -> None:
                    told = job["progress"]
                    total = told["total"] or None
                    progress.update(task, total=total, completed=told["done"], stage=job["state"])

                async with gate:
                    return await _publish_one(gateway, account, article, action, at, show)

            return list(await asyncio.gather(*(one(article) for article in articles)))


async def _publish_one(
    gateway: "Gateway",
    account: str,
    article: "LocalArticle",
    action: str,
    at: str | None,
    show: Callable[[dict[str, Any]], None],
) -> Outcome:
    from server.remote import Refused, Unreachable

    path = str(article.path)
    try:
        accepted = await gateway.submit(account, article, action=action, publish_at=at)
        job = accepted
        async for seen in gateway.follow(accepted):
            job = seen
            show(job)
    except Refused as exc:
        return Outcome(path, "refused", error=exc.error)
    except Unreachable as exc:
        return Outcome(path, "unreachable", error={"code": "unreachable", "message": str(exc)})
    return Outcome(path, job["state"], job.get("result"), job.get("error"))


def _print_plan(articles: "list[LocalArticle]") -> None:
    for article in articles:
        typer.echo(f"{article.path}  图片 / pictures: {len(article.pictures)}")
        for name, local in article.pictures.items():
            typer.echo(f"    {name}  {local.stat().st_size // 1024} KB")


def _print_outcomes(outcomes: list[Outcome], *, as_json: bool) -> None:
    if as_json:
        listed = [vars(outcome) for outcome in outcomes]
        typer.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    for outcome in outcomes:
        if outcome.result:
            told = outcome.result
            where = told.get("url") or told.get("media_id") or ""
            typer.echo(f"{outcome.path}: {outcome.state} {told.get('mode', '')} {where}")
            for step in told.get("next_steps", []):
                typer.echo(f"    - {step}")
        else:
            error = outcome.error or {}
            typer.echo(f"{outcome.path}: {outcome.state} {error.get('message', '')}")
            if error.get("hint"):
                typer.echo(f"    → {error['hint']}")


def _exit_status(outcomes: list[Outcome]) -> int:
    states = {outcome.state for outcome in outcomes}
    if states <= {"unreachable"}:
        return EXIT_UNREACHABLE
    if "needs_review" in states:
        return EXIT_NEEDS_REVIEW
    if states & {"failed", "partly_failed", "refused", "unreachable", "cancelled"}:
        return EXIT_SOME_FAILED
    return 0
