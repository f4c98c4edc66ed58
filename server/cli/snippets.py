import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from server.cli.common import ConfigOption, JsonOption, fail, is_english, read_settings
from server.cli.snippet_book import Book, Shell, Snippet, Trial, read_book
from server.cli.tables import print_json
from server.cli.target import (
    EXIT_USAGE,
    AccountOption,
    KeyOption,
    ServerOption,
    Target,
    find_target,
)

if TYPE_CHECKING:
    from server.settings import Settings

_FORWARD_PORT = 8081
# What is pasted into shells, JSON and source code has no character that means something there.
_HARMLESS = {
    "URL": re.compile(r"https?://[A-Za-z0-9.:\[\]/_~-]+"),
    "ACCOUNT": re.compile(r"[A-Za-z0-9-]{1,32}"),
    "FORWARD": re.compile(r"[A-Za-z0-9.:\[\]-]+"),
}
_TESTED = {
    Trial.RUN: ("测试里原样运行过", "run by the tests as it is printed"),
    Trial.SENT: ("测试里解析并按它发过请求，没有运行工具本身",
                  "parsed and sent by the tests, without the tool itself"),
    Trial.PARSED: ("测试里只检查过语法", "only its syntax is checked by the tests"),
    Trial.NO: ("没有运行过，依据是工具的源码或文档", "not run: from the tool's source or manual"),
}  # fmt: skip

_ForwardOption = Annotated[
    str, typer.Option(help="正向代理 主机:端口 / forward proxy, HOST:PORT", show_default=False)
]
_ShellOption = Annotated[
    Shell | None,
    typer.Option(help="粘贴到哪种命令行 / the shell to paste into", show_default=False),
]
_ShowKeyOption = Annotated[bool, typer.Option("--show-key", help="写出密钥 / write the key out")]
_LangOption = Annotated[
    Literal["zh", "en"] | None,
    typer.Option(help="说明的语言 / language of the explanation", show_default=False),
]


def snippets(
    context: typer.Context,
    tool: Annotated[
        str, typer.Argument(help="工具；不写则列出全部 / the tool; none: list them all")
    ] = "",
    server: ServerOption = "",
    key: KeyOption = "",
    account: AccountOption = "",
    forward: _ForwardOption = "",
    shell: _ShellOption = None,
    show_key: _ShowKeyOption = False,
    lang: _LangOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """各种工具接到网关的设置，可直接粘贴 / settings for tools, ready to paste.

    地址与密钥取自参数、环境变量或配置。设置在标准输出，说明在标准错误。
    密钥只在用 --key 给出、或加上 --show-key 时写出来；写出来的别公开。
    URL and key are those of the options, the environment or the configuration. The settings go
    to stdout, what is said of them to stderr. The key is written out only if --key gave it, or
    with --show-key: do not show that around.

    \b
    例 / example:
      wxgate snippets
      wxgate snippets wechatpy --account main
      wxgate snippets https-proxy --shell powershell --lang en
      wxgate snippets doocs-md --show-key
      wxgate snippets curl --server https://gate.example.com --key wxg_… -a main > call.sh
    """
    book = read_book()
    english = is_english() if lang is None else lang == "en"
    if not tool:
        _list(book, english=english, as_json=as_json)
        return
    snippet = book.find(tool) or _unknown(tool, book)
    shell = shell or (Shell.POWERSHELL if sys.platform == "win32" else Shell.BASH)
    if shell not in snippet.texts:
        known = " ".join(snippet.texts)
        fail(
            f"{snippet.name} 没有 {shell} 的写法，有：{known}",
            f"{snippet.name} is not known for {shell}; there are: {known}",
            code=EXIT_USAGE,
        )
    values = _values(server, key, account, forward, config)
    show_key = show_key or _typed(context, "key")
    text = snippet.text(values, shell, show_key=show_key)
    snippet = snippet.told(values)
    if as_json:
        print_json({**_told(snippet), "text": text})
        return
    for line in _explanation(snippet, english=english, show_key=show_key):
        typer.echo(line, err=True)
    if not server:
        _tell_of_a_closed_door(snippet.way, read_settings(config), english=english)
    typer.echo(err=True)
    typer.echo(text, nl=False)


def _typed(context: typer.Context, name: str) -> bool:
    """Whether an option was given on the command line, and not by the environment."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _explanation(snippet: Snippet, *, english: bool, show_key: bool) -> list[str]:
    told = snippet.en if english else snippet.zh
    tested = _TESTED[snippet.tested][english]
    basis = f"Tested: {tested}. From: {snippet.source}" if english else (
        f"测试：{tested}。依据：{snippet.source}"
    )  # fmt: skip
    lines = [snippet.title, told, basis]
    if show_key:
        hint = ("里面有密钥，别公开。", "It holds the key: do not show it around.")
    elif snippet.reads_environment:
        hint = (
            "密钥从 WXGATE_KEY 读取，值见 config.toml 的 [[clients]]；写进去：--show-key。",
            "WXGATE_KEY is read, see [[clients]] of config.toml; --show-key writes the key in.",
        )
    else:
        hint = (
            "密钥没有写出来，自己换上，或加 --show-key。",
            "The key is left out: put it in yourself, or add --show-key.",
        )
    return [*lines, hint[english]]


def _tell_of_a_closed_door(way: str, settings: "Settings", *, english: bool) -> None:
    doors = {
        "forward": ("forward", bool(settings.forward.listen)),
        "wenyan": ("wenyan", settings.wenyan.enabled),
        "mcp": ("mcp", settings.mcp.enabled),
    }
    section, is_open = doors.get(way, ("", True))
    if not is_open:
        told = (
            f"注意：config.toml 里 [{section}] 没有打开，改了要重启网关。",
            f"Note: [{section}] is off in config.toml; the gateway needs a restart after a change.",
        )
        typer.echo(told[english], err=True)


def _unknown(tool: str, book: Book) -> Snippet:
    near = " ".join(book.near(tool))
    meant = (f"，是不是：{near}", f"; did you mean: {near}") if near else ("", "")
    return fail(
        f"没有 {tool} 的设置{meant[0]}\n  → wxgate snippets 列出全部；"
        "地址写死的工具用 https-proxy，能改地址的照 curl 改",
        f"nothing is known of {tool}{meant[1]}\n  → wxgate snippets lists all; "
        "a tool with a fixed host: https-proxy, one whose host can be set: as in curl",
        code=EXIT_USAGE,
    )


def _list(book: Book, *, english: bool, as_json: bool) -> None:
    known = book.snippets
    if as_json:
        print_json([_told(each) for each in known.values()])
        return
    width = max(map(len, known))
    for each in known.values():
        typer.echo(f"{each.name:<{width}}  {each.tested:<6}  {each.title}")
    if english:
        legend = "; ".join(f"{mark}: {text}" for mark, (_, text) in _TESTED.items())
    else:
        legend = "；".join(f"{mark}：{text}" for mark, (text, _) in _TESTED.items())
    typer.echo(f"\n{legend}", err=True)


def _told(snippet: Snippet) -> dict[str, Any]:
    names = ("name", "title", "way", "tested", "zh", "en", "source", "also")
    return {name: getattr(snippet, name) for name in names}


def _values(
    server: str, key: str, account: str, forward: str, config: Path | None
) -> dict[str, str]:
    """What stands in the places. Ends with status 2 if something is missing or cannot be pasted."""
    from accounts.clients import Scope
    from accounts.keys import KEY_PATTERN

    scopes = (Scope.DRAFT, Scope.RELAY_READ, Scope.RELAY_WRITE)
    target = find_target(server, key, config, *scopes, account=account)
    proxy = f"{urlsplit(target.url).hostname}:{_FORWARD_PORT}"
    if not server:
        target, proxy = _as_seen_from_outside(target, config)
    if (client := KEY_PATTERN.fullmatch(target.key)) is None:
        fail(
            "--key 不是 wxgate 的客户端密钥（形如 wxg_<id>_…）",
            "--key is no client key of wxgate (wxg_<id>_…)",
            code=EXIT_USAGE,
        )
    values = {
        "URL": target.url.rstrip("/"),
        "ACCOUNT": target.account,
        "FORWARD": forward or proxy,
    }
    if not values["ACCOUNT"]:
        fail(
            "哪个公众号？用 --account 给出网关里的账号名或 AppID",
            "which account? --account takes its name at the gateway or its AppID",
            code=EXIT_USAGE,
        )
    for name, pattern in _HARMLESS.items():
        if not pattern.fullmatch(values[name]):
            option = {"URL": "--server"}.get(name, f"--{name.lower()}")
            fail(
                f"{option} 里有不能粘贴的字符：{values[name]!r}",
                f"{option} has characters that cannot be pasted: {values[name]!r}",
                code=EXIT_USAGE,
            )
    return {**values, "KEY": target.key, "CLIENT": client[1]}


def _as_seen_from_outside(target: Target, config: Path | None) -> tuple[Target, str]:
    """The configured gateway by its public URL, with the account that its key may use.

    And HOST:PORT of its forward proxy, by that URL's host where it listens on more than loopback.
    """
    settings = read_settings(config)
    mine = [each for each in settings.clients if each.key.get_secret_value() == target.key]
    names = [name for each in mine for name in each.accounts] or [
        each.name for each in settings.accounts
    ]
    account = target.account or (names[0] if names else "")
    host, _, port = settings.forward.listen.rpartition(":")
    if not port or host in ("0.0.0.0", "[::]"):
        host = str(urlsplit(settings.server.public_url).hostname)
    proxy = f"{host}:{port or _FORWARD_PORT}"
    return Target(settings.server.public_url, target.key, account), proxy
