import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import (
    ConfigOption,
    config_path,
    fail,
    fail_with,
    log_to_stderr,
    read_settings,
)
from server.cli.tables import print_json

if TYPE_CHECKING:
    from server.backup.making import Made
    from server.backup.restoring import Found
    from server.settings import Settings

PassphraseFile = Annotated[
    str,
    typer.Option(
        "--passphrase-file",
        envvar="WXGATE_BACKUP__PASSPHRASE_FILE",
        help="口令文件：加密，并带上主密钥、CA、配置 / encrypts, and adds master key, CA, config",
    ),
]


def backup(
    to: Annotated[
        Path | None, typer.Option("--to", help="目录，默认 data_dir/backup / a folder")
    ] = None,
    passphrase_file: PassphraseFile = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
    config: ConfigOption = None,
) -> None:
    """把数据库备份成一个文件，网关不用停 / back the store up to one file while all goes on.

    SQLite 与 PostgreSQL 一样，互相可以恢复。文件权限 0600。数据库里的密钥都用主密钥封着；
    不给口令时，备份里没有主密钥、CA 与配置，要另外保存。
    SQLite and PostgreSQL alike, and from one to the other. Mode 0600. Secrets in the store are
    sealed under the master key; without a passphrase neither that nor the CA nor the
    configuration is in the backup: keep them elsewhere.

    退出码 / exit status: 0 成功 made · 2 配置有误 bad configuration · 3 失败 not made

    \b
    例 / example:
      wxgate backup
      wxgate backup --to /mnt/nas/wxgate --passphrase-file /etc/wxgate/backup.pass
    """
    from core.errors import GatewayError

    log_to_stderr()
    settings = read_settings(config)
    try:
        made = asyncio.run(_make(settings, to, passphrase_file, config_path(config)))
    except GatewayError as exc:
        fail_with(exc)
    if as_json:
        print_json({"path": str(made.path), "size": made.size, "rows": made.rows})
        return
    typer.echo(f"已备份 / made: {made.path}（{made.size:,} bytes，{made.rows:,} rows）")
    if not made.encrypted:
        key = settings.secrets.master_key_file or settings.server.data_dir / "master.key"
        typer.echo(f"另外保存 / keep apart: {key}、config.toml", err=True)


async def _make(
    settings: "Settings", folder: Path | None, passphrase_file: str, config: Path | None
) -> "Made":
    from server.backup.making import make_backup
    from server.backup.opening import target_of
    from store.engine import open_database
    from store.migrate import require_current

    target = target_of(settings, folder=folder, passphrase_file=passphrase_file, config=config)
    async with open_database(settings.database, settings.server.data_dir) as database:
        await require_current(database)
        return await make_backup(database, target, now=time.time())


def restore(
    file: Annotated[Path, typer.Argument(help="备份文件 / the backup", show_default=False)],
    passphrase_file: PassphraseFile = "",
    check: Annotated[
        bool, typer.Option("--check", help="只读一遍，不写 / read it through, write nothing")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
    config: ConfigOption = None,
) -> None:
    """从备份恢复到一个空的数据库 / fill an empty store from a backup.

    先停掉网关。备份之后发生过的事数据库已不知道：那段时间到期的任务会变成 needs_review，
    不会再发一次。加密的备份里的主密钥、CA 放回 data_dir，配置存为 config.restored.toml；
    已有的文件不会被覆盖。
    Stop the gateway first. The store knows nothing of what was done after the backup: jobs that
    were due since become needs_review and are not published again. Of an encrypted backup the
    master key and the CA go back to data_dir, the configuration to config.restored.toml; no
    file that is there is overwritten.

    退出码 / exit status: 0 成功 done · 2 配置有误 bad configuration · 3 失败 not done

    \b
    例 / example:
      wxgate restore --check var/backup/wxgate-20261123-030000.backup
      wxgate restore var/backup/wxgate-20261123-030000.backup
    """
    from core.errors import GatewayError
    from server.backup.restoring import PLACES

    log_to_stderr()
    settings = read_settings(config)
    try:
        found = asyncio.run(_restore(settings, file, passphrase_file, check=check))
    except GatewayError as exc:
        fail_with(exc)
    except FileExistsError as exc:
        where = exc.filename
        fail(f"{where} 已存在，与备份里的不同", f"{where} is there, and not the backup's", code=3)
    rows = sum(found.rows.values())
    if as_json:
        told = {"created_at": found.created_at, "schema": found.schema, "rows": found.rows}
        print_json({**told, "files": sorted(found.files)})
        return
    done = "完整 / whole" if check else "已恢复 / restored"
    typer.echo(f"{done}: {found.created_at}，schema {found.schema}，{rows:,} rows")
    for name in sorted(found.files):
        path = settings.server.data_dir / PLACES.get(name, name)
        typer.echo(f"  {name}" + ("" if check else f" → {path}"))


async def _restore(
    settings: "Settings", file: Path, passphrase_file: str, *, check: bool
) -> "Found":
    from contextlib import ExitStack

    from server.backup import restoring
    from server.backup.making import read_passphrase
    from server.data_dir import make_data_dir
    from store.engine import open_database
    from store.lock import lock_data_dir

    passphrase = read_passphrase(passphrase_file or settings.backup.passphrase_file)
    if check:
        return restoring.examine(file, passphrase)
    data_dir = settings.server.data_dir
    make_data_dir(data_dir)
    with ExitStack() as stack:
        if not settings.database.url.get_secret_value():
            stack.enter_context(lock_data_dir(data_dir))
        # Files first: a store without its master key would be of no use.
        found = restoring.examine(file, passphrase)
        restoring.put_back(found.files, data_dir)
        async with open_database(settings.database, data_dir) as database:
            await restoring.restore(database, file, passphrase)
            await restoring.forget_the_time_since(database, data_dir, time.time())
        return found
