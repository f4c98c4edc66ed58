from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import Text
from server.cli.common import JsonOption, fail, in_language
from server.cli.tables import print_json

if TYPE_CHECKING:
    from wechat.errcodes import Errcode

_WHEN = {
    True: Text("可重试", "may be retried"),
    False: Text("重试没有用", "retrying does not help"),
}


def errcode(
    text: Annotated[
        list[str],
        typer.Argument(
            help="错误码，或整段 errmsg，或几个字 / an errcode, a whole errmsg, or some words"
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """解释微信的错误码：什么意思，怎么办 / explain WeChat's errcodes: what it means, what to do.

    退出码 / exit status: 0 找到 found · 1 没有收录 unknown

    \b
    例 / example:
      wxgate errcode 40164
      wxgate errcode "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist"
      wxgate errcode 标题
    """
    from wechat.errcodes import load_errcodes
    from wechat.explain import explain

    asked = " ".join(text)
    explained = explain(asked, load_errcodes(), limit=20)
    if not explained.errcodes:
        fail(f"没有收录：{asked[:80]}", f"not in the dictionary: {asked[:80]}")
    if as_json:
        from handlers.errcodes import answer_for

        items: list[dict[str, Any]] = [answer_for(found, asked) for found in explained.errcodes]
        print_json({"items": items, "ip": explained.ip})
        return
    for found in explained.errcodes:
        _show(found, asked)


def _show(errcode: "Errcode", asked: str) -> None:
    from proxy.advice import advice_for

    typer.secho(f"{errcode.errcode}  {errcode.chinese} / {errcode.name}", bold=True)
    typer.echo(f"  {errcode.category}, {in_language(_WHEN[errcode.retryable])}")
    typer.echo(f"  → {in_language(advice_for(errcode, asked))}")
