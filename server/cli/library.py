"""`wxgate drafts|publications|materials`: what WeChat holds for an account."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli.common import ConfigOption, JsonOption, YesOption
from server.cli.tables import print_facts, print_json, print_list
from server.cli.target import (
    AccountOption,
    KeyOption,
    ServerOption,
    Target,
    ask,
    ask_list,
    find_target,
)
from server.cli.times import in_shanghai
from server.cli.wechat_ids import IdCommand

_HEAD = ("id", "type", "updated", "title", "tags", "url")
# By the name of the command: how it is called, and the scope that looking takes.
_KINDS = {
    "drafts": ("草稿", "drafts", "draft"),
    "publications": ("已发表的文章", "published articles", "publish"),
    "materials": ("永久素材", "permanent materials", "material"),
}

Ids = Annotated[
    list[str], typer.Argument(metavar="ID…", help="它的 id / its media_id or article_id")
]
Id = Annotated[str, typer.Argument(metavar="ID", help="它的 id / its media_id or article_id")]


def make_app(name: str) -> typer.Typer:
    """The commands of one kind."""
    chinese, english, _ = _KINDS[name]
    told = f"{chinese}：列表、详情、删除、标签 / {english}: list, show, delete, tag."
    app = typer.Typer(name=name, no_args_is_help=True, help=_help(told, name, "list"))
    for add in (_add_list, _add_show, _add_delete, _add_tag):
        add(app, name)
    return app


def _help(told: str, name: str, example: str) -> str:
    return f"{told}\n\n\b\n例 / example:\n  wxgate {name} {example}"


def _add_list(app: typer.Typer, name: str) -> None:
    told = f"列出{_KINDS[name][0]} / list {_KINDS[name][1]}."

    @app.command("list", help=_help(told, name, "list -q 周报"))
    def list_(
        q: Annotated[str, typer.Option("--query", "-q", help="标题里的字 / words")] = "",
        type_: Annotated[str, typer.Option("--type", help="类型 / type")] = "",
        tag: Annotated[str, typer.Option("--tag", help="标签 / tag")] = "",
        limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="最多几个 / at most")] = 20,
        refresh: Annotated[
            bool, typer.Option("--refresh", help="先从微信重新读取 / read it anew first")
        ] = False,
        as_json: JsonOption = False,
        account: AccountOption = "",
        server: ServerOption = "",
        key: KeyOption = "",
        config: ConfigOption = None,
    ) -> None:
        wanted = {"q": q, "type": type_, "tag": tag, "refresh": "true" if refresh else ""}
        target = _target(name, server, key, config, account)
        found = ask_list(target, name, query=wanted, limit=limit, of_account=True)
        print_list(found, _HEAD, map(_row, found), as_json=as_json)


def _add_show(app: typer.Typer, name: str) -> None:
    told = "详情，微信现在保存的 / one of them, as WeChat has it now."

    @app.command("show", cls=IdCommand, help=_help(told, name, "show ID"))
    def show(
        thing_id: Id,
        as_json: JsonOption = False,
        account: AccountOption = "",
        server: ServerOption = "",
        key: KeyOption = "",
        config: ConfigOption = None,
    ) -> None:
        target = _target(name, server, key, config, account)
        item = ask(target, "GET", name, thing_id, of_account=True)
        if as_json:
            print_json(item)
        else:
            _print_item(item)


def _add_delete(app: typer.Typer, name: str) -> None:
    @app.command(
        "delete",
        cls=IdCommand,
        help=_help("删除，不可恢复 / delete for good.", name, "delete ID --yes"),
    )
    def delete(
        thing_ids: Ids,
        yes: YesOption = False,
        account: AccountOption = "",
        server: ServerOption = "",
        key: KeyOption = "",
        config: ConfigOption = None,
    ) -> None:
        if not yes:
            chinese, english, _ = _KINDS[name]
            many = len(thing_ids)
            typer.confirm(f"从微信删除{chinese}（{many}）？/ Delete {many} {english}?", abort=True)
        target = _target(name, server, key, config, account)
        for thing_id in thing_ids:
            ask(target, "DELETE", name, thing_id, of_account=True)
            typer.echo(f"已删除 / deleted: {thing_id}")


def _add_tag(app: typer.Typer, name: str) -> None:
    told = "加上或去掉标签 / add or remove tags."

    @app.command("tag", cls=IdCommand, help=_help(told, name, "tag ID --add 周报"))
    def tag(
        thing_id: Id,
        add: Annotated[list[str] | None, typer.Option("--add", help="加上 / add")] = None,
        remove: Annotated[list[str] | None, typer.Option("--remove", help="去掉 / remove")] = None,
        account: AccountOption = "",
        server: ServerOption = "",
        key: KeyOption = "",
        config: ConfigOption = None,
    ) -> None:
        target = _target(name, server, key, config, account)
        said = {"add": add or [], "remove": remove or []}
        item = ask(target, "PATCH", name, thing_id, said=said, of_account=True)
        typer.echo(f"{item['id']}: {' '.join(item['tags'])}")


def _target(name: str, server: str, key: str, config: Path | None, account: str) -> Target:
    from accounts.clients import Scope

    return find_target(server, key, config, Scope(_KINDS[name][2]), account=account)


def _row(item: Mapping[str, Any]) -> tuple[object, ...]:
    updated, tags = in_shanghai(item["updated_at"]), " ".join(item["tags"])
    return (item["id"], item["type"], updated, item["title"], tags, item["url"])


def _print_item(item: Mapping[str, Any]) -> None:
    print_facts({name: item.get(name) for name in ("id", "type", "title", "url")})
    print_facts({"updated_at": in_shanghai(item["updated_at"])})
    print_facts({name: item.get(name) for name in ("job", "description", "down_url")})
    print_facts({"tags": " ".join(item["tags"])})
    for number, article in enumerate(item.get("articles") or (), 1):
        gone = "（已删除 / deleted）" if article.get("is_deleted") else ""
        typer.echo(f"{number}. {article.get('title', '')} {article.get('url', '')}{gone}")
