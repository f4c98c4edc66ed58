from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.common import ConfigOption, JsonOption, YesOption, fail
from server.cli.store import Desk, at_the_desk
from server.cli.tables import print_json

if TYPE_CHECKING:
    from accounts.account_book import AccountBook
    from accounts.account_forms import AccountView
    from accounts.reseal import Resealed
    from handlers.capabilities import CapabilityView

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="账号名 / name of the account")]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        help="从文件读 AppSecret；默认读 WXGATE_APP_SECRET 或提示输入 / "
        "read the AppSecret from a file; else WXGATE_APP_SECRET, or a prompt",
        show_default=False,
    ),
]


@app.callback()
def accounts() -> None:
    """管理数据库里的公众号，AppSecret 加密保存 / official accounts in the database, encrypted.

    直接读写数据库，网关运行时也可以，几秒内生效；写在配置文件里的同名账号优先。
    Works on the database, also while the gateway runs; accounts of the file win.

    \b
    例 / example:
      wxgate accounts add main --app-id wx0123456789abcdef
      wxgate accounts list
    """


@app.command()
def add(
    name: Name,
    app_id: Annotated[str, typer.Option(help="公众号的 AppID / the account's AppID")],
    secret_file: SecretFile = None,
    config: ConfigOption = None,
) -> None:
    """添加一个公众号 / add an account. The AppSecret is never taken from the command line.

    \b
    例 / example:
      wxgate accounts add main --app-id wx0123456789abcdef
      wxgate accounts add main --app-id wx0123456789abcdef --secret-file /run/secrets/app_secret
    """
    secret = _secret(secret_file)

    async def work(desk: Desk) -> "AccountView":
        from accounts.account_forms import checked

        book = _book(desk)
        account = checked({"name": name, "app_id": app_id.strip(), "app_secret": secret})
        await book.add(account, desk.editor)
        return await book.get(name)

    _show(at_the_desk(config, work))


@app.command("list")
def list_(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """列出全部公众号，文件里的也列出 / list all accounts, those of the file too.

    \b
    例 / example:
      wxgate accounts list --json
    """

    async def work(desk: Desk) -> "list[AccountView]":
        return await _book(desk).list()

    views = at_the_desk(config, work)
    if as_json:
        print_json([view.model_dump() for view in views])
        return
    for view in views:
        typer.echo(f"{view.name:<20}  {view.app_id}  {view.source:<5}  {_STATES[view.state]}")


@app.command()
def show(name: Name, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """显示一个公众号；密钥只显示指纹 / show an account; of secrets the fingerprint alone.

    \b
    例 / example:
      wxgate accounts show main
    """

    async def work(desk: Desk) -> "tuple[AccountView, CapabilityView | None]":
        from handlers.capabilities import capability_view
        from proxy.capabilities import Capabilities

        view, known = await _book(desk).get(name), Capabilities()
        await known.load(desk.database)
        kept = known.get(view.app_id)
        return view, None if kept is None else capability_view(kept)

    view, may = at_the_desk(config, work)
    if as_json:
        print_json({**view.model_dump(), "capabilities": may and may.model_dump()})
    else:
        _show(view)
        _show_capabilities(may)


@app.command()
def probe(name: Name, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """问微信这个公众号能做什么，并记下来 / ask WeChat what an account may do, and keep it.

    花 7 次调用，其中一次 freepublish/batchget。7 calls, one of them a freepublish/batchget.

    \b
    例 / example:
      wxgate accounts probe main
    """

    async def work(desk: Desk) -> "CapabilityView":
        from handlers.capabilities import capability_view
        from server.tools import open_prober

        async with open_prober(desk.settings, desk.database, desk.master_key) as prober:
            return capability_view(await prober.probe(name))

    may = at_the_desk(config, work)
    if as_json:
        print_json(may.model_dump())
    else:
        _show_capabilities(may)


@app.command("set-secret")
def set_secret(name: Name, secret_file: SecretFile = None, config: ConfigOption = None) -> None:
    """更换 AppSecret，旧 token 随即作废 / replace the AppSecret; tokens of the old one are dropped.

    \b
    例 / example:
      wxgate accounts set-secret main
    """
    secret = _secret(secret_file)

    async def work(desk: Desk) -> "AccountView":
        from pydantic import SecretStr

        from accounts.account_forms import AccountChanges

        book = _book(desk)
        await book.change(name, AccountChanges(app_secret=SecretStr(secret)), desk.editor)
        return await book.get(name)

    _show(at_the_desk(config, work))


@app.command()
def remove(
    name: Name,
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """删除一个公众号；有未结束的任务时拒绝 / remove an account, unless jobs of it are not over.

    \b
    例 / example:
      wxgate accounts remove main --yes
    """
    if not yes:
        typer.confirm(f"删除 {name}？/ Remove {name}?", abort=True)

    async def work(desk: Desk) -> None:
        await _book(desk).remove(name, desk.editor)

    at_the_desk(config, work)
    typer.echo(f"已删除 / removed: {name}")


@app.command()
def reseal(
    old_key_file: Annotated[
        Path, typer.Option(help="更换前的主密钥文件 / the file of the master key before")
    ],
    config: ConfigOption = None,
) -> None:
    """更换主密钥后，把存着的密钥改用新主密钥加密 / after a new master key: encrypt all under it.

    先停止网关，换上新的 master.key（openssl rand -hex 32），运行本命令，再启动。
    Stop the gateway, put the new master.key in place, run this, start again.

    \b
    例 / example:
      wxgate accounts reseal --old-key-file old.key
    """

    async def work(desk: Desk) -> "Resealed":
        from accounts.master_key import Sealer, read_master_key
        from accounts.reseal import Reseal

        old, new = Sealer(read_master_key(old_key_file)), Sealer(desk.master_key)
        return await Reseal(desk.database, old, new, desk.audit).run(desk.editor)

    done = at_the_desk(config, work)
    typer.echo(f"已重新加密 {done.secrets} 个密钥 / secrets encrypted anew: {done.secrets}")
    if done.unopened:
        names = ", ".join(done.unopened)
        fail(f"两把主密钥都解不开：{names}", f"neither master key opens: {names}")


_STATES = {
    "active": "可用 / usable",
    "locked": "已锁定：主密钥解不开 / locked: the master key does not open it",
    "shadowed": "被配置文件覆盖 / the file has its name or AppID",
}


def _book(desk: Desk) -> "AccountBook":
    import time

    from accounts.account_book import AccountBook
    from accounts.account_secrets import AccountSecrets
    from accounts.master_key import Sealer
    from accounts.official import Accounts

    secrets = AccountSecrets(Sealer(desk.master_key))
    in_file = Accounts(desk.settings.accounts)
    return AccountBook(desk.database, secrets, desk.audit, in_file, clock=time.time)


def _secret(file: Path | None) -> str:
    import os

    if file is not None:
        try:
            return file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            fail(f"读不了 {file}", f"cannot read {file}", code=2)
    if given := os.environ.get("WXGATE_APP_SECRET", "").strip():
        return given
    return str(
        typer.prompt("AppSecret (输入不回显 / not shown)", hide_input=True, err=True)
    ).strip()


def _show(view: "AccountView") -> None:
    from accounts.account_secrets import SECRETS

    told: dict[str, Any] = view.model_dump()
    for field in SECRETS:
        print_ = told[field]["fingerprint"]
        told[field] = f"fingerprint {print_}" if print_ else "set" if told[field]["set"] else "-"
    for field, value in told.items():
        typer.echo(f"{field:<18}{'-' if value in (None, '', {}) else value}")


_ANSWERS = {True: "可以 / yes", False: "不可以 / no", None: "未知 / unknown"}


def _show_capabilities(may: "CapabilityView | None") -> None:
    if may is None:
        typer.echo("还没问过微信：wxgate accounts probe / not asked yet: wxgate accounts probe")
        return
    for field, told in (
        ("freepublish", _ANSWERS[may.freepublish]),
        ("draft_switch", _ANSWERS[may.draft_switch]),
        ("verified", f"{may.verified} (推断 / concluded, unconfirmed)"),
        ("checked_at", may.checked_at),
        ("error", may.error or "-"),
    ):
        typer.echo(f"{field:<18}{told}")
    for path, quota in may.quotas.items():
        typer.echo(f"{path:<34}{quota.used} / {quota.daily_limit}")
