from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.client_desk import (
    ClientDesk,
    LeftOpen,
    Made,
    at_the_book,
    last_use,
    settings_said,
    tell,
    tell_key,
    valid,
)
from server.cli.common import ConfigOption, JsonOption, YesOption, fail
from server.cli.tables import print_json
from server.cli.times import moment

if TYPE_CHECKING:
    from accounts.client_forms import ClientView

app = typer.Typer(no_args_is_help=True)

_SCOPES = "relay:read relay:write material draft publish mass templates stats notify admin"

ClientId = Annotated[str, typer.Argument(help="客户端的 id / id of the client")]
Account = Annotated[
    list[str] | None,
    typer.Option(
        help="可用的公众号，可重复；只有一个时可省略 / an account it may use, repeatable",
        show_default=False,
    ),
]
ScopeOption = Annotated[
    list[str] | None,
    typer.Option(help=f"权限，可重复 / scope, repeatable: {_SCOPES}", show_default=False),
]
AllowIp = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-ip", help="可来自的网段，可重复 / CIDR it may call from", show_default=False
    ),
]
Expires = Annotated[
    str, typer.Option(help="失效时间：30d、2026-12-31、RFC 3339 / when it ends: 30d, a date")
]
RateLimit = Annotated[str, typer.Option(help="总频率，如 600/minute / calls, as 600/minute")]
Signing = Annotated[
    bool | None,
    typer.Option(
        "--signing/--no-signing",
        help="能否签名请求（密钥加密存放） / may sign requests: the key is kept sealed",
        show_default=False,
    ),
]
ApprovePublish = Annotated[
    bool | None,
    typer.Option(
        "--approve-publish/--no-approve-publish",
        help="发布须由别人批准 / what it publishes waits for approval",
        show_default=False,
    ),
]
EnhanceOption = Annotated[
    list[str] | None,
    typer.Option(
        help="转发时顺便做的：images、lint、explain，可重复；off 关闭 / done to what it relays",
        show_default=False,
    ),
]


@app.callback()
def clients() -> None:
    """客户端与密钥：谁可以调用网关 / clients and their keys: who may call the gateway.

    直接改数据库，网关运行时也可以，几秒内生效；写在配置文件里的客户端只列出。
    Works on the database itself, also while the gateway runs; in force within seconds.
    Clients of the configuration file are listed, and changed there.

    \b
    例 / example:
      wxgate clients add blog --scope draft --scope publish
      wxgate clients list
      wxgate clients rotate blog
    """


@app.command()
def add(
    client: ClientId,
    scope: ScopeOption = None,
    account: Account = None,
    allow_ip: AllowIp = None,
    expires: Expires = "",
    rate_limit: RateLimit = "",
    signing: Signing = None,
    approve_publish: ApprovePublish = None,
    enhance: EnhanceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """新建客户端，密钥只显示一次 / make a client; its key is shown this once.

    \b
    例 / example:
      wxgate clients add blog --scope relay:read --scope draft --scope publish
      wxgate clients add ci --scope draft --allow-ip 192.0.2.0/24 --expires 90d --json
    """
    said = settings_said(
        scopes=scope,
        accounts=account,
        allow_ips=allow_ip,
        expires_at=expires,
        rate_limit=rate_limit,
        signing=signing,
        approve_publish=approve_publish,
        enhance=enhance,
    )
    if "scopes" not in said:
        fail(f"至少给一个 --scope：{_SCOPES}", f"name at least one --scope: {_SCOPES}", code=2)

    async def work(desk: ClientDesk) -> Made:
        from accounts.client_forms import NewClient

        if len(desk.accounts) == 1:
            said.setdefault("accounts", desk.accounts)
        elif "accounts" not in said:
            names = " ".join(desk.accounts) or "-"
            fail(f"用 --account 指定公众号：{names}", f"name an --account: {names}", code=2)
        key = await desk.book.add(valid(NewClient, {**said, "id": client}), desk.editor)
        return Made(key, await desk.book.get(client), desk.url)

    made = at_the_book(config, work)
    tell_key(f"客户端 {client} 已建立 / client {client} is made", made, as_json=as_json)


@app.command("list")
def list_(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """列出客户端，含配置文件里的 / list all clients, those of the file too.

    \b
    例 / example:
      wxgate clients list
      wxgate clients list --json
    """

    async def work(desk: ClientDesk) -> "list[ClientView]":
        return await desk.book.list()

    views = at_the_book(config, work)
    if as_json:
        print_json([view.model_dump(mode="json") for view in views])
    for view in () if as_json else views:
        last = max((key.last_used_at for key in view.keys if key.last_used_at), default=None)
        state = "停用 / disabled" if view.disabled else ""
        parts = (
            f"{view.id:<16}",
            view.source,
            ",".join(sorted(view.scopes)),
            last_use(last),
            state,
        )
        typer.echo("  ".join(filter(None, parts)))


@app.command()
def show(client: ClientId, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """一个客户端的权限、密钥与最近使用 / a client's rights, keys and their last use.

    \b
    例 / example:
      wxgate clients show blog
    """

    async def work(desk: ClientDesk) -> "ClientView":
        return await desk.book.get(client)

    tell(at_the_book(config, work), as_json=as_json)


@app.command()
def change(
    client: ClientId,
    scope: ScopeOption = None,
    account: Account = None,
    allow_ip: AllowIp = None,
    expires: Expires = "",
    rate_limit: RateLimit = "",
    signing: Signing = None,
    approve_publish: ApprovePublish = None,
    enhance: EnhanceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """改客户端的权限与限制，只改给出的 / change what is named, as a whole list each.

    \b
    例 / example:
      wxgate clients change blog --scope draft --expires never
    """
    said = settings_said(
        scopes=scope,
        accounts=account,
        allow_ips=allow_ip,
        expires_at=expires,
        rate_limit=rate_limit,
        signing=signing,
        approve_publish=approve_publish,
        enhance=enhance,
    )
    _change(client, said, config, as_json=as_json)


@app.command()
def rotate(
    client: ClientId,
    overlap: Annotated[
        str, typer.Option(help="旧密钥再用多久：1d、2h、0 立即失效 / how long the old key lives on")
    ] = "1d",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """换密钥；旧密钥在重叠期内仍有效 / a new key; the old one lives on for the overlap.

    同时最多两个密钥有效；旧密钥失效时，用它换来的 token 与会话也失效。
    At most two keys are good at once; tokens and sessions end with the key they were got with.

    \b
    例 / example:
      wxgate clients rotate blog
      wxgate clients rotate blog --overlap 0
    """
    import time

    overlap_s = moment(overlap, "--overlap", ahead=True) - time.time() if overlap != "0" else 0

    async def work(desk: ClientDesk) -> Made:
        key = await desk.book.rotate(client, desk.editor, overlap_s=round(overlap_s))
        return Made(key, await desk.book.get(client), desk.url)

    made = at_the_book(config, work)
    tell_key(f"{client} 的新密钥 / the new key of {client}", made, as_json=as_json)


@app.command()
def revoke(
    client: ClientId,
    key: Annotated[str, typer.Argument(help="show 列出的 id 或末尾 / id or end, as show lists")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """撤销一个密钥，几秒内处处失效 / revoke a key; refused everywhere within seconds.

    \b
    例 / example:
      wxgate clients revoke blog 5f0c9a1b
    """

    async def work(desk: ClientDesk) -> "ClientView":
        await desk.book.revoke(client, key, desk.editor)
        return await desk.book.get(client)

    tell(at_the_book(config, work), as_json=as_json)


@app.command()
def disable(client: ClientId, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """停用，密钥保留 / refuse a client until it is enabled again; its keys stay.

    它未完成的任务停在下一步之前，等人处理；会说有多少。
    Its unfinished jobs stop before their next step; it tells how many there are.

    \b
    例 / example:
      wxgate clients disable blog
    """
    _change(client, {"disabled": True}, config, as_json=as_json)


@app.command()
def enable(client: ClientId, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """重新启用 / take a disabled client back.

    \b
    例 / example:
      wxgate clients enable blog
    """
    _change(client, {"disabled": False}, config, as_json=as_json)


@app.command()
def remove(
    client: ClientId,
    yes: YesOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """删除客户端及其密钥 / remove a client with its keys.

    它未完成的任务停在下一步之前，等人处理；会先说有多少。
    Its unfinished jobs stop before their next step; it tells first how many there are.

    \b
    例 / example:
      wxgate clients remove blog --yes
    """

    async def look(desk: ClientDesk) -> LeftOpen:
        await desk.book.get(client)
        return await desk.left_open(client)

    async def work(desk: ClientDesk) -> None:
        await desk.book.remove(client, desk.editor)

    left = at_the_book(config, look)
    if not yes:
        typer.confirm(f"{left}\n删除 {client}？/ Remove {client}?", abort=True, err=as_json)
    at_the_book(config, work)
    if as_json:
        print_json({"id": client, "removed": True, **left._asdict()})
    else:
        typer.echo(f"已删除 / removed: {client}\n{left}")


def _change(client: str, said: dict[str, Any], config: Path | None, *, as_json: bool) -> None:
    async def work(desk: ClientDesk) -> "tuple[ClientView, LeftOpen | None]":
        from accounts.client_forms import ClientChanges

        await desk.book.change(client, valid(ClientChanges, said), desk.editor)
        left = await desk.left_open(client) if said.get("disabled") else None
        return await desk.book.get(client), left

    view, left = at_the_book(config, work)
    tell(view, as_json=as_json, left=left)
