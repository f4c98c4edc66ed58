import sys
import tomllib
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli.common import ConfigOption, JsonOption, fail
from server.cli.tables import print_facts, print_json, print_list
from server.cli.target import (
    EXIT_USAGE,
    KeyOption,
    ServerOption,
    Target,
    admin_target,
    ask,
    find_target,
)

app = typer.Typer(name="channels", no_args_is_help=True)

_HEAD = ("name", "type", "enabled", "locked", "source", "takes_to", "takes_files")

Name = Annotated[str, typer.Argument(metavar="NAME", help="渠道名 / name of the channel")]
Entry = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="TOML，键同 [[channels]]；- 为标准输入 / TOML; - is stdin"),
]


@app.callback()
def channels() -> None:
    """通知发到哪里：群机器人、邮件、短信、自己的程序 / ways to people.

    \b
    例 / example:
      wxgate channels add ops.toml
      wxgate channels test ops
    """


@app.command("list")
def list_(
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """列出可用的渠道 / list those that the key may use.

    \b
    例 / example:
      wxgate channels list
    """
    told = ask(_target(server, key, config), "GET", "channels")
    print_list(told, _HEAD, map(itemgetter(*_HEAD), told["items"]), as_json=as_json)


@app.command()
def show(
    name: Name,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """一个渠道的设置，密钥不显示 / the settings of one, without its secrets.

    \b
    例 / example:
      wxgate channels show ops
    """
    _print(ask(_target(server, key, config), "GET", "channels", name), as_json=as_json)


@app.command()
def add(
    file: Entry,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """新建渠道，设置写在 TOML 文件里 / make one of the settings in a TOML file.

    \b
    例 / example:
      wxgate channels add ops.toml
      wxgate channels add - < ops.toml
    """
    told = ask(admin_target(server, key, config), "POST", "channels", said=_read(file))
    _print(told, as_json=as_json)


@app.command()
def change(
    name: Name,
    file: Entry,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """修改：文件里没写的保持原样 / change one; what the file does not name stays.

    \b
    例 / example:
      wxgate channels change ops new-secret.toml
    """
    told = ask(admin_target(server, key, config), "PATCH", "channels", name, said=_read(file))
    _print(told, as_json=as_json)


@app.command()
def enable(
    name: Name, server: ServerOption = "", key: KeyOption = "", config: ConfigOption = None
) -> None:
    """启用 / switch one on.

    \b
    例 / example:
      wxgate channels enable ops
    """
    ask(admin_target(server, key, config), "PATCH", "channels", name, said={"enabled": True})
    typer.echo(f"已启用 / enabled: {name}")


@app.command()
def disable(
    name: Name, server: ServerOption = "", key: KeyOption = "", config: ConfigOption = None
) -> None:
    """停用：不再经它发送 / switch one off: nothing is sent by it.

    \b
    例 / example:
      wxgate channels disable ops
    """
    ask(admin_target(server, key, config), "PATCH", "channels", name, said={"enabled": False})
    typer.echo(f"已停用 / disabled: {name}")


@app.command("test")
def try_out(
    name: Name,
    to: Annotated[list[str], typer.Option(help="收件人，可重复；默认渠道自己的 / recipients")] = [],  # noqa: B006 - typer copies it
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """立即发一条测试消息 / send a test message now.

    \b
    例 / example:
      wxgate channels test ops
      wxgate channels test mail --to ops@example.com
    """
    told = ask(admin_target(server, key, config), "POST", "channels", name, "test", said={"to": to})
    if as_json:
        print_json(told)
    if told["outcome"] != "sent":
        unknown = told["outcome"] == "unknown"
        zh, en = ("结果未知", "unknown") if unknown else ("没有送达", "not delivered")
        fail(f"{zh}：{told['error']}", f"{en}: {told['error']}")
    if not as_json:
        typer.echo(f"已送达 / delivered ({told['took_ms']} ms)")


@app.command()
def remove(
    name: Name, server: ServerOption = "", key: KeyOption = "", config: ConfigOption = None
) -> None:
    """删除 / remove one.

    \b
    例 / example:
      wxgate channels remove ops
    """
    ask(admin_target(server, key, config), "DELETE", "channels", name)
    typer.echo(f"已删除 / removed: {name}")


def _target(server: str, key: str, config: Path | None) -> Target:
    from accounts.clients import Scope

    return find_target(server, key, config, Scope.ADMIN, Scope.NOTIFY)


def _read(file: Path) -> dict[str, Any]:
    """The entry that stands in a file. Ends with status 2 if there is none."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
        entry = tomllib.loads(text)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        fail(f"读不了 {file}：{reason}", f"cannot read {file}: {reason}", code=EXIT_USAGE)
    return entry


def _print(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    settings = told["settings"] or {}
    facts = {name: told[name] for name in _HEAD} | settings
    print_facts({name: facts[name] for name in facts if facts[name] not in ([], "", None)})
