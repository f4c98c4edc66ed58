import asyncio
from pathlib import Path
from typing import Annotated

import typer

from server.cli.common import fail_with


def render(
    file: Annotated[Path, typer.Argument(help="Markdown 文件 / a Markdown file", exists=True)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="写到文件 / write to a file")
    ] = None,
    theme: Annotated[str, typer.Option(help="主题 / theme")] = "default",
) -> None:
    """把 Markdown 转成微信能留住的 HTML，不联网 / Markdown to WeChat-safe HTML, offline."""
    from core.errors import GatewayError

    try:
        rendered = asyncio.run(_render(file.read_text("utf-8-sig"), theme))
    except GatewayError as exc:
        fail_with(exc, code=1)
    if output is None:
        typer.echo(rendered)
    else:
        output.write_text(rendered, "utf-8")


async def _render(markdown: str, theme: str) -> str:
    from content.article import ArticleFields
    from content.settings import ContentSettings
    from server.app import open_renderer

    async with open_renderer(ContentSettings()) as renderer:
        fields = ArticleFields(markdown=markdown, theme=theme)
        return (await renderer.render(fields)).content
