"""What the commands of `wxgate clients` share: the book to work on, and what is shown."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import typer

from server.cli.common import fail
from server.cli.store import Desk, at_the_desk
from server.cli.tables import print_json
from server.cli.times import in_shanghai, moment

if TYPE_CHECKING:
    from accounts.client_book import ClientBook
    from accounts.client_forms import ClientView, StoredSettings
    from accounts.edits import Editor
    from store.engine import Database

Result = TypeVar("Result")
Form = TypeVar("Form", bound="StoredSettings")
_KEY = """\
{what}

  {key}

密钥只显示这一次，各进程几秒内生效 / shown this once, in force within seconds. 用法 / use:
  工具里填 AppSecret 的地方 / where a tool wants the AppSecret; base URL {url}
  请求头 / header  Authorization: Bearer <key>
  命令行 / CLI     export WXGATE_URL={url} WXGATE_KEY=<key>"""


@dataclass(frozen=True)
class ClientDesk:
    """What the commands work with."""

    book: "ClientBook"
    editor: "Editor"
    accounts: list[str]  # names of those there are, in the file and in the store
    url: str  # at which callers reach the gateway
    database: "Database"

    async def left_open(self, client: str) -> "LeftOpen":
        """What there is of the client that has not come to its end."""
        from store import job_lists, schedules
        from store.job_lists import JobFilter
        from store.tables import ACTIVE_STATES

        wanted = JobFilter(client_id=client, states=ACTIVE_STATES)
        async with self.database.read() as connection:
            jobs = await job_lists.count_by_state(connection, wanted)
            timed = await schedules.unended(connection, client)
        return LeftOpen(sum(jobs.values()), timed)


class LeftOpen(NamedTuple):
    """What a client that may do nothing more leaves behind."""

    unfinished_jobs: int  # as lists show them: a batch is one
    unended_schedules: int

    def __str__(self) -> str:
        """In a line."""
        jobs, timed = self
        told = f"未完成的任务 / unfinished jobs: {jobs}；未结束的定时 / schedules not over: {timed}"
        stop = (
            "它们停在下一步之前，等人处理 / they stop before their next step, for people to decide"
        )
        return f"{told}\n{stop}" if jobs or timed else told


class Made(NamedTuple):
    """A new key, the client that it is of, and where it is of use."""

    key: str
    view: "ClientView"
    url: str


def at_the_book(config: Path | None, work: Callable[[ClientDesk], Awaitable[Result]]) -> Result:
    """What `work` returns, with the clients of the configured store to work on."""

    async def with_book(desk: Desk) -> Result:
        return await work(await _client_desk(desk))

    return at_the_desk(config, with_book)


async def _client_desk(desk: Desk) -> ClientDesk:
    import time

    from accounts.client_book import ClientBook
    from accounts.client_keys import ClientKeys
    from accounts.clients import Clients
    from accounts.master_key import Sealer

    accounts = await _accounts(desk)
    book = ClientBook(
        *(desk.database, ClientKeys(Sealer(desk.master_key), time.time), desk.audit),
        Clients(desk.settings.clients),
        has_account=lambda name: name in accounts,
        clock=time.time,
    )
    url = desk.settings.server.public_url
    return ClientDesk(book, desk.editor, accounts, url, desk.database)


async def _accounts(desk: Desk) -> list[str]:
    from sqlalchemy import select

    from store.tables import official_account

    async with desk.database.read() as connection:
        stored = await connection.scalars(select(official_account.c.name))
        names = [account.name for account in desk.settings.accounts]
        return names + [name for name in stored if name not in names]


def settings_said(**options: Any) -> dict[str, Any]:
    """The options that were given, as fields of a client."""
    said = {name: value for name, value in options.items() if value not in (None, "")}
    if said.get("enhance") == ["off"]:
        said["enhance"] = []
    if said.get("expires_at") == "never":
        said["expires_at"] = None
    elif "expires_at" in said:
        ends_at = moment(said["expires_at"], "--expires", ahead=True)
        said["expires_at"] = datetime.fromtimestamp(ends_at, UTC)
    return said


def valid(form: type[Form], said: dict[str, Any]) -> Form:
    """`said` as `form`; what is wrong with it is told, and ends the command with status 2."""
    from pydantic import ValidationError

    from server.faults import fault_of

    try:
        return form.model_validate(said)
    except ValidationError as exc:
        faults = [fault_of(each) for each in exc.errors(include_url=False, include_input=False)]
        zh = "；".join(f"{fault.key}：{fault.problem.zh}" for fault in faults)
        fail(zh, "; ".join(f"{fault.key}: {fault.problem.en}" for fault in faults), code=2)


def tell_key(what: str, made: "Made", *, as_json: bool) -> None:
    """A new key, this once."""
    if as_json:
        print_json({**made.view.model_dump(mode="json"), "key": made.key})
    else:
        typer.echo(_KEY.format(what=what, key=made.key, url=made.url))


def tell(view: "ClientView", *, as_json: bool, left: LeftOpen | None = None) -> None:
    """A client, a fact a line; and what it leaves open."""
    told = view.model_dump(mode="json")
    if as_json:
        print_json({**told, **(left._asdict() if left else {})})
        return
    for name, value in {"id": view.id, **told}.items():
        if name != "keys":
            shown = ", ".join(value) if isinstance(value, list) else value
            typer.echo(f"{name:<16} {'-' if shown in (None, '', {}) else shown}")
    for key in view.keys:
        facts = [
            f"key {key.id} …{key.hint}",
            "可签名 / signs" if key.can_sign else "",
            f"到期 / ends {in_shanghai(key.expires_at)}" if key.expires_at else "",
            last_use(key.last_used_at, key.last_used_ip),
        ]
        typer.echo("  ".join(filter(None, facts)))
    if left is not None:
        typer.echo(str(left))


def last_use(at: str | None, ip: str | None = None) -> str:
    """When, and from where."""
    if at is None:
        return "未使用过 / never used"
    return f"最近使用 / used {in_shanghai(at)}" + (f" {ip}" if ip else "")
