import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import fail_with

if TYPE_CHECKING:
    from server.demo import Demo


def demo(
    once: Annotated[bool, typer.Option("--once", help="发布完就结束 / end when published")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
    data_dir: Annotated[
        Path, typer.Option("--data-dir", help="演示数据放在哪 / where its data is kept")
    ] = Path("var/demo"),
) -> None:
    """不用公众号也不用配置：起沙箱和网关，发布一篇示例文章 / try it all without an account.

    同时演示已认证账号（发布成文章）与个人账号（48001，到草稿为止）。
    Shows a verified account (published) and a personal one (48001: ends with a draft).

    \b
    例 / example:
      wxgate demo
      wxgate demo --once --json
    """
    from core.errors import GatewayError
    from core.logging import LogSettings, setup_logging
    from server.loop import run

    setup_logging(LogSettings(level="warning"))
    try:
        published = run(_demo(data_dir, once=once, as_json=as_json))
    except GatewayError as exc:
        fail_with(exc)
    raise typer.Exit(0 if published else 1)


async def _demo(data_dir: Path, *, once: bool, as_json: bool) -> bool:
    from core.errors import Text
    from server.demo import run_demo
    from server.signals import stop_signals

    def say(text: Text) -> None:
        if not as_json:
            typer.echo(f"  {text.zh}  /  {text.en}")

    async with run_demo(data_dir, say) as running:
        if as_json:
            typer.echo(json.dumps(running.as_json(), ensure_ascii=False))
        else:
            _show(running)
        if once:
            say(
                Text("去掉 --once 会一直运行，可打开上面的页面", "without --once the pages stay up")
            )
        else:
            if not as_json:
                _show_what_is_up(running)
            with stop_signals() as stop:
                say(Text("一直运行到 Ctrl-C", "up until Ctrl-C"))
                await stop.wait()
        return running.published


def _show(running: "Demo") -> None:
    verified, personal = running.verified, running.personal
    typer.echo(
        f"\n已认证账号 / verified account: {verified.job['state']}\n"
        f"  文章 / article    {verified.result.get('url')}\n"
        f"  草稿 / media_id   {verified.result.get('media_id')}\n"
        f"\n个人账号 / personal account: {personal.result.get('mode')}\n"
        f"  预览 / preview    {personal.result.get('url')}\n"
        f"  草稿 / media_id   {personal.result.get('media_id')}"
    )
    for step in personal.result.get("next_steps", []):
        typer.echo(f"    - {step}")
    typer.echo("\n调用了微信接口 / calls to WeChat's API")
    for path, count in running.as_json()["calls"].items():
        typer.echo(f"  {count:4d}  {path}")


def _show_what_is_up(running: "Demo") -> None:
    typer.echo(
        f"\n接着看 / where to look\n"
        f"  接口文档 / API docs   {running.gateway_url}/docs\n"
        f"  沙箱账本 / ledger     {running.sandbox_url}/sandbox/ledger\n"
        f"  用起来 / use it       export WXGATE_URL={running.gateway_url}"
        f" WXGATE_KEY={running.key}\n"
        f"                        {sys.argv[0]} publish 你的文章.md -a verified --publish\n"
        f"  限流与缓存 / stats    {sys.argv[0]} limits   {sys.argv[0]} stats cache\n"
        f"  错误码 / errcodes     {sys.argv[0]} errcode 48001"
    )
