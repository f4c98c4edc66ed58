import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from server.cli.common import ConfigOption, fail, is_english, read_settings
from server.cli.target import (
    EXIT_USAGE,
    AccountOption,
    JsonOption,
    KeyOption,
    ServerOption,
    Target,
    find_target,
)

_FILES = Path(__file__).parent / "snippet_files"
_PLACE = re.compile(r"@(URL|KEY|CLIENT|ACCOUNT|FORWARD)@")
_FORWARD_PORT = 8081
# What is pasted into shells, JSON and source code has no character that means something there.
_HARMLESS = {
    "URL": re.compile(r"https?://[A-Za-z0-9.:\[\]/_~-]+"),
    "ACCOUNT": re.compile(r"[A-Za-z0-9-]{1,32}"),
    "FORWARD": re.compile(r"[A-Za-z0-9.:\[\]-]+"),
}


@dataclass(frozen=True)
class Snippet:
    """How one tool is pointed here: the contents of a file in snippet_files/."""

    name: str
    title: str
    way: str  # of contract §1: base-url, forward, wenyan, content-api, mcp
    zh: str
    en: str
    source: str  # where it is known from, and whether a test runs it
    text: str

    def filled(self, values: Mapping[str, str]) -> "Snippet":
        """With the places filled in."""

        def put(text: str) -> str:
            return _PLACE.sub(lambda place: values[place[1]], text)

        told = {"zh": put(self.zh), "en": put(self.en), "text": put(self.text)}
        return Snippet(**{**asdict(self), **told})


def read_snippets() -> dict[str, Snippet]:
    """All of them, by name."""
    return {path.stem: _read(path) for path in sorted(_FILES.glob("*.txt"))}


def _read(path: Path) -> Snippet:
    head, _, text = path.read_text("utf-8").partition("\n---\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    return Snippet(name=path.stem, text=text, **fields)


def snippets(
    tool: Annotated[
        str, typer.Argument(help="工具；不写则列出全部 / the tool; none: list them all")
    ] = "",
    server: ServerOption = "",
    key: KeyOption = "",
    account: AccountOption = "",
    forward: Annotated[
        str, typer.Option(help="转发代理 主机:端口 / forward proxy, HOST:PORT", show_default=False)
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """各种工具接到网关的设置，可直接粘贴 / settings for tools, ready to paste.

    地址与密钥取自参数、环境变量或配置。设置在标准输出，说明在标准错误；其中有密钥，别公开。
    URL and key are those of the options, the environment or the configuration. The settings go
    to stdout, what is said of them to stderr. They hold the key: do not show them around.

    \b
    例 / example:
      wxgate snippets
      wxgate snippets wechatpy --account main
      wxgate snippets curl --server https://gate.example.com --key wxg_… -a main > call.sh
    """
    known = read_snippets()
    if not tool:
        _list(known, as_json=as_json)
        return
    if tool not in known:
        names = " ".join(known)
        fail(
            f"没有 {tool} 的设置；有：{names}",
            f"nothing is known of {tool}; there are: {names}",
            code=EXIT_USAGE,
        )
    snippet = known[tool].filled(_values(server, key, account, forward, config))
    if as_json:
        _print_json(asdict(snippet))
        return
    typer.echo(f"{snippet.title}\n{snippet.zh}\n{snippet.en}\n({snippet.source})\n", err=True)
    typer.echo(snippet.text, nl=False)


def _list(known: Mapping[str, Snippet], *, as_json: bool) -> None:
    if as_json:
        told = ("name", "title", "way", "zh", "en", "source")
        _print_json([{name: getattr(each, name) for name in told} for each in known.values()])
        return
    width = max(map(len, known))
    for each in known.values():
        typer.echo(f"{each.name:<{width}}  {each.title}: {each.en if is_english() else each.zh}")


def _print_json(value: object) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _values(
    server: str, key: str, account: str, forward: str, config: Path | None
) -> dict[str, str]:
    """What stands in the places. Ends with status 2 if something is missing or cannot be pasted."""
    from accounts.clients import Scope
    from accounts.keys import KEY_PATTERN

    scopes = (Scope.DRAFT, Scope.RELAY_READ, Scope.RELAY_WRITE)
    target = find_target(server, key, config, *scopes, account=account)
    if not server:
        target = _as_seen_from_outside(target, config)
    if (client := KEY_PATTERN.fullmatch(target.key)) is None:
        fail(
            "--key 不是 wxgate 的客户端密钥（形如 wxg_<id>_…）",
            "--key is no client key of wxgate (wxg_<id>_…)",
            code=EXIT_USAGE,
        )
    url = target.url.rstrip("/")
    values = {
        "URL": url,
        "ACCOUNT": target.account,
        "FORWARD": forward or f"{urlsplit(url).hostname}:{_FORWARD_PORT}",
    }
    for name, pattern in _HARMLESS.items():
        if not pattern.fullmatch(values[name]):
            option = {"URL": "--server"}.get(name, f"--{name.lower()}")
            fail(f"{option} 缺失或有误", f"{option} is missing or wrong", code=EXIT_USAGE)
    return {**values, "KEY": target.key, "CLIENT": client[1]}


def _as_seen_from_outside(target: Target, config: Path | None) -> Target:
    """The configured gateway by its public URL, with the account that its key may use."""
    settings = read_settings(config)
    mine = [each for each in settings.clients if each.key.get_secret_value() == target.key]
    names = [name for each in mine for name in each.accounts] or [
        each.name for each in settings.accounts
    ]
    account = target.account or (names[0] if names else "")
    return Target(settings.server.public_url, target.key, account)
