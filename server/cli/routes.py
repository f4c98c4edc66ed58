from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import ConfigOption, read_settings
from server.cli.tables import print_json

if TYPE_CHECKING:
    from proxy.routing import RelaySettings
    from wechat.catalogue import Endpoint

Row = dict[str, str]
_HEADS = {
    "path": "路径 path",
    "method": "方法 method",
    "family": "类别 family",
    "scope": "权限 scope",
    "rule": "规则 rule",
}


def routes(
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 / for programs")] = False,
    ruled: Annotated[
        bool, typer.Option("--ruled", help="只列规则涉及的 / only those that rules are about")
    ] = False,
) -> None:
    """列出可以调用的微信接口 / list the API paths that can be called.

    每行：路径、方法、类别、所需 scope、[[relay.rules]] 中第几条规则管它。
    A line each: path, method, family, scope it needs, and which of [[relay.rules]] is about it.

    \b
    例 / example:
      wxgate routes --ruled
      wxgate routes --json | jq '.[] | select(.scope == "publish")'
    """
    settings = read_settings(config)
    rows = [row for row in _rows(settings.relay) if row["rule"] or not ruled]
    if as_json:
        print_json(rows)
        return
    lines = [_HEADS, *rows]
    widths = {name: max(len(line[name]) for line in lines) for name in _HEADS}
    for line in lines:
        typer.echo("  ".join(line[name].ljust(widths[name]) for name in _HEADS).rstrip())


def _rows(relay: "RelaySettings") -> list[Row]:
    """The catalogue, then the paths that only rules know."""
    from proxy.rules import Rules
    from wechat.catalogue import load_catalogue

    rules = Rules(relay.rules)
    numbers = {id(rule): number for number, rule in enumerate(relay.rules, 1)}
    catalogue = load_catalogue()
    used: set[int] = set()
    rows = []
    for endpoint in catalogue:
        about = rules.of_call(endpoint.path, endpoint.method)
        used.update(numbers[id(rule)] for rule in about)
        rows.append(
            {
                "path": endpoint.path,
                "method": endpoint.method,
                "family": endpoint.family,
                "scope": _scope_of(endpoint),
                "rule": "; ".join(f"{numbers[id(rule)]} {rule.told}" for rule in about),
            }
        )
    for rule in relay.rules:
        if (number := numbers[id(rule)]) in used:
            continue
        target = catalogue.find(rule.to)
        rows.append(
            {
                "path": rule.path,
                "method": target.method if target else ",".join(rule.methods) or "*",
                "family": target.family if target else "-",
                "scope": _scope_of(target) if target else "relay:write",
                "rule": f"{number} {rule.told}",
            }
        )
    return rows


def _scope_of(endpoint: "Endpoint") -> str:
    """What a caller needs; a token is anybody's who has a key."""
    from handlers.token_calls import PATHS

    return "-" if endpoint.path in PATHS else endpoint.scope
