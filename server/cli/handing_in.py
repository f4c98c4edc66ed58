"""A batch handed in and followed to its end; `batch` and `templates publish` do it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from wxgate_client import calls, told
from wxgate_client.gateway import AsyncGateway
from wxgate_client.uploads import Uploads

from server.cli.order import Order
from server.cli.tables import print_json, print_list, print_table
from server.cli.target import Target, account_of, at_gateway

_AT_ONCE = 8  # pictures on their way
_INTERRUPTED = 130
_GOES_ON = ("waiting", "scheduled")  # without us
_HEAD = ("", "state", "title", "result", "error")
_PLAN_HEAD = ("", "kind", "action", "title", "files", "missing")


class Bars(AbstractContextManager["Bars"]):
    """How it goes, on stderr and only where a person sees it."""

    def __init__(self, *, as_json: bool) -> None:
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[stage]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=as_json or not sys.stderr.isatty(),
        )
        self._pictures = self._bars.add_task("图片 / pictures", visible=False, stage="")
        self._items = self._bars.add_task("批量 / batch", visible=False, stage="")

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

    def pictures(self, total: int) -> None:
        """So many pictures have to be at the gateway."""
        self._bars.update(self._pictures, total=total, visible=total > 0)

    def brought(self) -> None:
        """One of them is."""
        self._bars.advance(self._pictures)

    def job(self, job: Mapping[str, Any]) -> None:
        """The batch has changed."""
        progress = job["progress"]
        failed = f" ✗ {progress['failed']}" if progress["failed"] else ""
        self._bars.update(
            *(self._items,),
            total=progress["total"],
            completed=progress["done"],
            stage=f"{job['state']}{failed}",
            visible=True,
        )


_Begins = Callable[[AsyncGateway, Bars], Awaitable[dict[str, Any]]]


def hand_in(target: Target, order: Order, *, again: str, as_json: bool) -> None:
    """Hand the batch in, follow it, tell what became of each item and end with its status.

    The same batch is the same job for as long as the gateway remembers, so that it can be run
    again when the connection broke; with another `again` it is another. One that is too long for
    a request is several, one after the other.
    """

    async def begin(part: Order, gateway: AsyncGateway, bars: Bars) -> dict[str, Any]:
        account = await account_of(gateway, target)
        await _bring(gateway, part, bars)
        return await gateway.do(part.call(account, again=again))

    begins = (partial(begin, part) for part in order.parts())
    stop = order.said.get("on_error") == "stop"
    _to_its_end(target, begins, stop=stop, as_json=as_json)


def try_again(target: Target, job_id: str, *, as_json: bool) -> None:
    """Do again what of a batch was not done, and follow it."""

    async def begin(gateway: AsyncGateway, _bars: Bars) -> dict[str, Any]:
        return await gateway.do(calls.steer(job_id, "retry"))

    _to_its_end(target, [begin], as_json=as_json)


def show_plan(target: Target, order: Order, *, as_json: bool) -> None:
    """What the gateway would make of it; nothing is taken in."""

    async def work(gateway: AsyncGateway) -> None:
        account = await account_of(gateway, target)
        for part in order.parts():
            plan = await gateway.do(part.call(account, dry_run=True))
            print_list(plan, _PLAN_HEAD, map(_planned, plan["items"]), as_json=as_json)

    at_gateway(target, work)


async def report_of(gateway: AsyncGateway, job_id: str) -> dict[str, Any]:
    """What became of each item."""
    return await gateway.request("GET", f"{calls.job(job_id).path}/report")


def print_report(report: Mapping[str, Any], *, as_json: bool) -> None:
    """An item a line, then how it stands as a whole."""
    if as_json:
        print_json(report)
        return
    print_table(_HEAD, map(_row, report["items"]))
    progress = report["progress"]
    failed = f"，失败 / failed {progress['failed']}" if progress["failed"] else ""
    typer.echo(f"{report['id']} {report['state']} {progress['done']}/{progress['total']}{failed}")


def status_of(state: str) -> int:
    """The exit status that a batch's state means."""
    if state == "needs_review":
        return told.EXIT_NEEDS_REVIEW
    return 0 if state in ("succeeded", *_GOES_ON) else told.EXIT_SOME_FAILED


def _to_its_end(
    target: Target, begins: Iterable[_Begins], *, stop: bool = False, as_json: bool
) -> None:
    """Begin and follow one after the other; with `stop` none after one that went wrong."""

    async def work(gateway: AsyncGateway) -> int:
        worst = 0
        for begin in begins:
            worst = max(worst, await _follow(gateway, begin, as_json=as_json))
            if stop and worst:
                break
        return worst

    raise typer.Exit(at_gateway(target, work, interrupted=_INTERRUPTED))


async def _follow(gateway: AsyncGateway, begin: _Begins, *, as_json: bool) -> int:
    with Bars(as_json=as_json) as bars:
        job = await begin(gateway, bars)
        async for seen in gateway.follow(job):
            job = seen
            bars.job(job)
    print_report(await report_of(gateway, job["id"]), as_json=as_json)
    _hint(job)
    return status_of(job["state"])


async def _bring(gateway: AsyncGateway, order: Order, bars: Bars) -> None:
    uploads = Uploads(gateway, _AT_ONCE)
    bars.pictures(len(order.pictures))
    await uploads.ask(order.pictures)

    async def bring(sha256: str) -> None:
        await uploads.bring({sha256: order.pictures[sha256]})
        bars.brought()

    await asyncio.gather(*map(bring, order.pictures))


def _hint(job: Mapping[str, Any]) -> None:
    """What a person may do now."""
    if job.get("approval") == "pending":
        said = f"等待别人批准 / somebody else has to approve: wxgate jobs approve {job['id']}"
    elif job["state"] in _GOES_ON:
        said = f"网关会接着做 / the gateway goes on: wxgate jobs watch {job['id']}"
    elif job["state"] in ("failed", "partly_failed", "cancelled"):
        said = f"只重做没做成的 / to try the others again: wxgate batch retry {job['id']}"
    else:
        return
    typer.echo(f"  → {said}", err=True)


def _planned(item: Mapping[str, Any]) -> tuple[object, ...]:
    names = ("index", "kind", "action", "title", "files")
    return (*(item[name] for name in names), len(item["missing"]) or None)


def _row(item: Mapping[str, Any]) -> tuple[object, ...]:
    result = item["url"] or item["media_id"]
    return (item["index"], item["state"], item["title"], result, item["error"])
