import asyncio
from pathlib import Path
from typing import Annotated

import typer

from server.cli.common import fail, fail_with


def render(
    file: Annotated[
        Path,
        typer.Argument(
            help="Markdown 文件 / a Markdown file", exists=True, dir_okay=False, readable=True
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="写到文件 / write to a file")
    ] = None,
    theme: Annotated[str, typer.Option(help="主题 / theme")] = "default",
) -> None:
    """把 Markdown 转成微信能留住的 HTML，不联网 / Markdown to WeChat-safe HTML, offline.

    图片保持原样，不会上传。Pictures stay as they are, nothing is uploaded.

    \b
    例 / example:
      wxgate render article.md -o article.html
    """
    from core.errors import GatewayError

    try:
        rendered = asyncio.run(_render(file.read_text("utf-8-sig"), theme))
    except GatewayError as exc:
        fail_with(exc, code=1)
    except UnicodeDecodeError:
        fail(f"{file} 不是 UTF-8 文本", f"{file} is no UTF-8 text", code=1)
    if output is None:
        typer.echo(rendered)
        return
    try:
        output.write_text(rendered, "utf-8")
    except OSError as exc:
        fail(f"写不了 {output}：{exc.strerror}", f"cannot write {output}: {exc.strerror}", code=1)


async def _render(markdown: str, theme: str) -> str:
    from content.article import ArticleFields
    from content.settings import ContentSettings
    from server.app import open_renderer

    async with open_renderer(ContentSettings()) as renderer:
        fields = ArticleFields(markdown=markdown, theme=theme)
        return (await renderer.render(fields)).content
