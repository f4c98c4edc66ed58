"""What `publish` does from its arguments to its outcomes, whoever shows it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from wxgate_client.errors import Refused, Unreachable
from wxgate_client.folders import find_markdown
from wxgate_client.gateway import AsyncGateway
from wxgate_client.local_article import PictureClash, bundle, load_article
from wxgate_client.memory import Memory, MemoryUnusable, only_account, root_of
from wxgate_client.plan import Draft, Plan, Step, Wish, make_plan, name_of
from wxgate_client.publishing import AT_ONCE, Outcome, Publisher, lost, refresh
from wxgate_client.watching import LOOK_EVERY_S, Lookout, edits

_ARTICLES_PER_DRAFT = 8
_AGAIN_S = 5.0
_PAST_S = 300.0  # counts as now: a gateway's clock is not ours


class UsageFault(Exception):
    """What was asked for cannot be done; says why in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class Looks(Protocol):
    """Shows a person how it goes."""

    def plan(self, plan: Plan) -> None:
        """What there is to do."""
        ...

    def job(self, step: Step, job: dict[str, Any]) -> None:
        """A step's job has changed."""
        ...

    def outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """What became of all."""
        ...


@dataclass(frozen=True)
class Selection:
    """Which files, and how they become drafts."""

    paths: tuple[str, ...]
    is_bundle: bool = False

    def drafts(self) -> list[Draft]:
        """Read the files. Raises UsageFault."""
        try:
            articles = [load_article(path) for path in find_markdown(self.paths)]
        except FileNotFoundError as exc:
            raise UsageFault(f"没有匹配的文件：{exc}", f"nothing matches {exc}") from None
        except OSError as exc:
            where = f"{exc.filename}: {exc.strerror}"
            raise UsageFault(f"读不了文件：{where}", f"cannot read: {where}") from None
        except UnicodeDecodeError as exc:
            raise UsageFault(f"不是 UTF-8 文本：{exc}", f"no UTF-8 text: {exc}") from None
        if not self.is_bundle:
            return list(articles)
        if len(articles) > _ARTICLES_PER_DRAFT:
            told = f"{len(articles)} > {_ARTICLES_PER_DRAFT}"
            raise UsageFault(f"一个草稿最多 8 篇：{told}", f"a draft has at most 8: {told}")
        try:
            return [bundle(articles)]
        except PictureClash as clash:
            raise UsageFault(
                f"各篇文章用同一路径指的不是同一张图片（或有一篇缺这张图）：{clash}；请改名或补上",
                f"not all articles mean the same picture by {clash}, or one lacks it: "
                "rename or add it",
            ) from None

    def folders(self) -> list[Path]:
        """The folders among the paths: of what is gone, only that from there is told."""
        return [Path(path) for path in self.paths if Path(path).is_dir()]

    def remembered(
        self, drafts: Sequence[Draft], url: str, account: str
    ) -> list[tuple[Draft, Memory]]:
        """Each draft with the memory of its folder. Raises UsageFault."""
        roots = {path: root_of(path) for path in (*self.folders(), *_files(drafts))}
        whole = [(folder.absolute(), roots[folder]) for folder in self.folders()]
        memories: dict[Path, Memory] = {}
        found = []
        try:
            for draft in drafts:
                file = draft.paths[0]
                inside = (root for folder, root in whole if file.absolute().is_relative_to(folder))
                root = next(inside, roots[file])
                if root not in memories:
                    memories[root] = Memory(root, url, account)
                found.append((draft, memories[root]))
        except MemoryUnusable as exc:
            raise UsageFault(exc.zh, exc.en) from None
        return found


@dataclass(frozen=True)
class Order:
    """What the command line was told."""

    selection: Selection
    wish: Wish
    at_once: int = AT_ONCE
    watch: bool = False

    def plan(self, url: str, account: str) -> Plan:
        """What there would be to do, by the files and the memory alone. Raises UsageFault."""
        drafts = self.selection.drafts()
        named = account or _remembered_account(self.selection, drafts, url)
        remembered = self.selection.remembered(drafts, url, named)
        return make_plan(remembered, self.wish, self.selection.folders())


def _remembered_account(selection: Selection, drafts: Sequence[Draft], url: str) -> str:
    """The account, if the memory knows of one alone."""
    try:
        return only_account(root_of([*selection.folders(), *_files(drafts)][0]), url)
    except MemoryUnusable as exc:
        raise UsageFault(exc.zh, exc.en) from None


def _files(drafts: Sequence[Draft]) -> list[Path]:
    return [draft.paths[0] for draft in drafts]


def check_server(url: str) -> None:
    """Raises UsageFault for what is no plain URL of a gateway.

    One with a password would stand in `.wxgate.json`, which is committed.
    """
    if not url:
        raise UsageFault(
            "要有 --server（或 WXGATE_URL）：网关的地址，如 https://gate.example.com",
            "wants a --server (or WXGATE_URL): the gateway's URL, as https://gate.example.com",
        )
    try:
        parts = urlsplit(url)
    except ValueError:  # such as half an IPv6 address
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageFault(
            f"--server（或 WXGATE_URL）应为 http:// 或 https:// 的网址：{url}",
            f"--server (or WXGATE_URL) takes an http:// or https:// URL: {url}",
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageFault(
            "--server（或 WXGATE_URL）不能带用户名、密码、? 或 #；密钥用 --key（或 WXGATE_KEY）",
            "--server (or WXGATE_URL) takes no user, password, ? or #; "
            "a key goes into --key (or WXGATE_KEY)",
        )


def check_time(at: str, *, clock: Callable[[], float] = time.time) -> None:
    """Raises UsageFault for what is no time with an offset, or long past."""
    if not at:
        return
    try:
        due = datetime.fromisoformat(at)
    except ValueError:
        due = datetime.max  # noqa: DTZ901 - a time without an offset is what it stands for
    if due.tzinfo is None:
        raise UsageFault(
            f"--at 要带时区，如 2026-12-01T08:00:00+08:00：{at}",
            f"--at wants a time with offset, as 2026-12-01T08:00:00+08:00: {at}",
        )
    if due.timestamp() < clock() - _PAST_S:
        raise UsageFault(f"--at 已经过去：{at}", f"--at is past: {at}")


@dataclass(frozen=True)
class Session:
    """One account at one gateway."""

    gateway: AsyncGateway
    url: str
    account: str
    at_once: int = AT_ONCE

    async def run(
        self, selection: Selection, wish: Wish, looks: Looks, known: set[str] | None = None
    ) -> list[Outcome]:
        """Bring the files to where they are wished. Raises UsageFault, Refused, Unreachable.

        What is gone and in `known` is not told again, and what is told comes into it.
        """
        drafts = selection.remembered(selection.drafts(), self.url, self.account)
        await refresh(self.gateway, ((name_of(draft, memory), memory) for draft, memory in drafts))
        plan = make_plan(drafts, wish, selection.folders())
        looks.plan(_news(plan, set() if known is None else known))
        publisher = Publisher(self.gateway, self.account, wish, at_once=self.at_once)
        try:
            return await publisher.publish(plan.steps, looks.job)
        except MemoryUnusable as exc:
            raise UsageFault(exc.zh, exc.en) from None
        except OSError as exc:
            what = f"{exc.filename}: {exc.strerror}"
            raise UsageFault(
                f"记不下结果（再运行一次不会重复）：{what}",
                f"cannot write down what became of it (run again: nothing is done twice): {what}",
            ) from None

    async def watch(
        self,
        selection: Selection,
        wish: Wish,
        looks: Looks,
        *,
        every_s: float = LOOK_EVERY_S,
        again_s: float = _AGAIN_S,
    ) -> None:
        """Run now and after each edit, until cancelled; what goes wrong is told, not raised."""
        known: set[str] = set()
        async for _ in edits(Lookout(selection.paths).look, every_s=every_s):
            while await self._run_and_tell(selection, wish, looks, known):  # noqa: ASYNC110 - no event
                await asyncio.sleep(again_s)

    async def _run_and_tell(
        self, selection: Selection, wish: Wish, looks: Looks, known: set[str]
    ) -> bool:
        """Whether it is to be tried again, without another edit: the gateway was away."""
        name = " ".join(selection.paths)
        try:
            outcomes = await self.run(selection, wish, looks, known)
        except UsageFault as fault:  # an editor is at it
            error = {"message": f"{fault.zh} / {fault.en}"}
            outcomes = [Outcome(name, "unreadable", error=error)]
        except Refused as exc:
            outcomes = [Outcome(name, "refused", error=exc.error)]
        except Unreachable as exc:
            outcomes = [Outcome(name, "unreachable", error=lost(exc))]
        looks.outcomes([outcome for outcome in outcomes if outcome.state != "unchanged"])
        return any(outcome.state == "unreachable" for outcome in outcomes)


def _news(plan: Plan, known: set[str]) -> Plan:
    """The plan without what is gone and known to be."""
    gone = tuple(each for each in plan.gone if each[0] not in known)
    known.update(path for path, _ in gone)
    return replace(plan, gone=gone)


@dataclass(frozen=True)
class Target:
    """A gateway to call, with a key, for an account ("": the key's only one)."""

    url: str
    key: str
    account: str = ""
    sign: bool = False


async def publish(
    target: Target, order: Order, looks: Looks, *, language: str = "zh"
) -> list[Outcome]:
    """Do what an order says; with `watch` until cancelled.

    Raises UsageFault, Refused, Unreachable.
    """
    async with AsyncGateway(target.url, target.key, language=language, sign=target.sign) as gateway:
        account = target.account or await gateway.default_account()
        session = Session(gateway, target.url, account, order.at_once)
        if order.watch:
            await session.watch(order.selection, order.wish, looks)
        outcomes = await session.run(order.selection, order.wish, looks)
        looks.outcomes(outcomes)
        return outcomes
