import secrets
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from server.cli.common import ConfigOption, JsonOption, tells_usage_faults
from server.cli.tables import print_facts, print_json, print_list, print_table
from server.cli.target import KeyOption, ServerOption, Target, ask, ask_list, find_target

app = typer.Typer(name="templates", no_args_is_help=True)

_HEAD = ("name", "kind", "version", "builtin", "description", "note")
_VARIABLES = ("variable", "type", "required", "default", "description")

Name = Annotated[str, typer.Argument(metavar="NAME", help="模板名 / name of the template")]
Versioned = Annotated[
    str, typer.Argument(metavar="NAME", help="模板名，或 名称@版本 / a name, or name@version")
]
Version = Annotated[int, typer.Argument(min=1, help="版本号 / version")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="变量，如 title=早报，可重复 / a variable")
]
Vars = Annotated[
    Path | None,
    typer.Option("--vars", help="变量文件：JSON、YAML；CSV 一行一篇 / a file of variables"),
]


@app.callback()
def templates() -> None:
    """文章与消息的模板：保存、版本、预览、使用 / templates of articles and messages.

    \b
    例 / example:
      wxgate templates list
      wxgate templates publish weekly-report --vars this-week.yaml
    """


@app.command("list")
def list_(
    q: Annotated[str, typer.Option("--query", "-q", help="名称与说明里的字 / words")] = "",
    kind: Annotated[
        Literal["", "article", "message"], typer.Option(help="类别 / of this kind")
    ] = "",
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """列出模板，自带的也在内 / templates, those that came with wxgate too.

    \b
    例 / example:
      wxgate templates list -q 周报
    """
    found = ask_list(_reader(server, key, config), "templates", query={"q": q, "kind": kind})
    print_list(found, _HEAD, map(itemgetter(*_HEAD), found), as_json=as_json)


@app.command()
def show(
    name: Versioned,
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """一个模板：变量与文本 / a template: its variables and its text.

    \b
    例 / example:
      wxgate templates show weekly-report
      wxgate templates show daily@1 --json
    """
    plain, _, version = name.partition("@")
    rest = ("versions", version) if version else ()
    told = ask(_reader(server, key, config), "GET", "templates", plain, *rest)
    if as_json:
        print_json(told)
        return
    print_facts({fact: told[fact] for fact in (*_HEAD, "author", "created_at")})
    facts = ("name", *_VARIABLES[1:])
    print_table(_VARIABLES, (map(each.get, facts) for each in told["variables"]))
    typer.echo(f"\n{told['text']}", nl=False)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="模板文件，名称取自文件名 / its file names it")],
    name: Annotated[str, typer.Option("--name", help="另取名称 / another name")] = "",
    variables: Annotated[
        Path | None,
        typer.Option("--variables", help="变量的声明；默认旁边同名的 .json、.yaml / declarations"),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="这一版改了什么 / what changed")] = "",
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """保存为新模板，或已有模板的下一版 / save a new template, or the next version of one.

    \b
    例 / example:
      wxgate templates add daily.md --variables daily.yaml --note 第一版
    """
    from server.cli.template_files import read_template

    with tells_usage_faults():
        said = {**read_template(file, variables), "note": note}
    target = _writer(server, key, config)
    _saved(ask(target, "PUT", "templates", name or file.stem, said=said), as_json=as_json)


@app.command()
def diff(
    name: Name,
    before: Version,
    after: Annotated[
        int | None, typer.Argument(min=1, help="默认当前版本 / else the one in use")
    ] = None,
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """两个版本的差别 / what is different between two versions.

    \b
    例 / example:
      wxgate templates diff daily 1
      wxgate templates diff daily 1 3
    """
    query = {"from": before, "to": after}
    told = ask(_reader(server, key, config), "GET", "templates", name, "diff", query=query)
    if as_json:
        print_json(told)
        return
    typer.echo(told["unified"], nl=not told["unified"].endswith("\n"))
    for change in told["variables"]:
        typer.echo(f"~ {change['name']}: {_short(change['before'])} → {_short(change['after'])}")


@app.command()
def rollback(
    name: Name,
    version: Version,
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """以旧版内容存一个新版本 / save an earlier version anew.

    \b
    例 / example:
      wxgate templates rollback daily 1
    """
    path, said = ("templates", name, "rollback"), {"version": version}
    _saved(ask(_writer(server, key, config), "POST", *path, said=said), as_json=as_json)


@app.command()
def preview(
    name: Versioned,
    settings: Set = None,
    values: Vars = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="把文章的 HTML 写到文件 / HTML to a file")
    ] = None,
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """填好的样子，没给的变量用例子 / what it makes; examples stand in for what is missing.

    \b
    例 / example:
      wxgate templates preview weekly-report --set team=前端
      wxgate templates preview weekly-report -o weekly.html
    """
    plain, _, version = name.partition("@")
    said: dict[str, Any] = {"variables": _rows(values, settings)[0]}
    if version:
        said["version"] = int(version) if version.isdecimal() else version
    told = ask(_reader(server, key, config), "POST", "templates", plain, "preview", said=said)
    if output is not None:
        made = told["article"] or told["message"] or {}
        output.write_text(made.get("html") or told["text"], "utf-8")
        typer.echo(f"已写入 / written: {output}", err=True)
    if as_json:
        print_json(told)
    elif output is None:
        typer.echo(told["text"], nl=False)


@app.command()
def remove(
    name: Name,
    force: Annotated[
        bool, typer.Option("--force", help="有定时任务在用也删 / though schedules use it")
    ] = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """删除模板与它的各个版本 / remove a template with all versions.

    \b
    例 / example:
      wxgate templates remove daily
    """
    query = {"force": "true" if force else ""}
    ask(_writer(server, key, config), "DELETE", "templates", name, query=query)
    typer.echo(f"{name}: 已删除 / removed")


@app.command()
def publish(
    name: Versioned,
    settings: Set = None,
    values: Vars = None,
    action: Annotated[
        Literal["draft", "publish"], typer.Option(help="做到哪一步 / how far to go")
    ] = "draft",
    account: Annotated[
        str, typer.Option("--account", "-a", help="账号名；默认唯一的那个 / account name")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="网关只检查，列出会做什么 / only check")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="同样的内容再做一遍 / do the same once more")
    ] = False,
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """用模板写文章，一行变量一篇；退出码同 batch run / articles of a template, one a row.

    \b
    例 / example:
      wxgate templates publish season-greetings --vars greetings.yaml
      wxgate templates publish event-notice --vars events.csv --action publish
    """
    from server.cli.handing_in import hand_in, show_plan
    from server.cli.template_files import articles_of

    order = articles_of(name, _rows(values, settings), action)
    target = _reader(server, key, config, account)
    if dry_run:
        show_plan(target, order, as_json=as_json)
    else:
        hand_in(target, order, again=secrets.token_hex(8) if again else "", as_json=as_json)


def _rows(path: Path | None, settings: list[str] | None) -> list[dict[str, Any]]:
    from server.cli.template_files import read_values

    with tells_usage_faults():
        return read_values(path, settings or [])


def _saved(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
    else:
        typer.echo(f"{told['name']}@{told['version']}")


def _short(variable: dict[str, Any] | None) -> str:
    """A variable in a few words; "-" for none."""
    if variable is None:
        return "-"
    facts = (f"{name}={value}" for name, value in variable.items() if name != "name")
    return " ".join(facts)


def _reader(server: str, key: str, config: Path | None, account: str = "") -> Target:
    from accounts.clients import Scope

    return find_target(
        *(server, key, config, Scope.DRAFT, Scope.TEMPLATES, Scope.ADMIN), account=account
    )


def _writer(server: str, key: str, config: Path | None) -> Target:
    from accounts.clients import Scope

    return find_target(server, key, config, Scope.TEMPLATES, Scope.ADMIN)
