import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import (
    ConfigOption,
    fail,
    fail_with,
    in_language,
    is_english,
    log_to_stderr,
    read_settings,
)

if TYPE_CHECKING:
    from content.article import ArticleFields, RenderedArticle
    from content.settings import ContentSettings


def render(
    file: Annotated[
        Path,
        typer.Argument(help="Markdown 文件 / a Markdown file", exists=True, dir_okay=False),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="写到文件 / write to a file")
    ] = None,
    theme: Annotated[
        str,
        typer.Option(help="主题；默认按文章或配置 / theme; else the article's or the configured"),
    ] = "",
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="输出 JSON：摘要、关键词、统计等 / print JSON: digest, keywords, figures"
        ),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """把 Markdown 转成微信能留住的 HTML，不联网 / Markdown to WeChat-safe HTML, offline.

    图片保持原样，不会上传。Pictures stay as they are, nothing is uploaded.

    \b
    例 / example:
      wxgate render article.md -o article.html
      wxgate render article.md --json
    """
    from core.errors import GatewayError

    log_to_stderr()
    settings = read_settings(config).content
    fields = _read(file, theme)
    try:
        rendered = asyncio.run(_render(fields, settings))
    except GatewayError as exc:
        fail_with(exc, code=1)
    for warning in rendered.warnings:
        typer.echo(f"注意 / note: {in_language(warning.message)}", err=True)
    text = _as_json(rendered) if as_json else rendered.preview
    if output is None:
        typer.echo(text)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as exc:
        fail(f"写不了 {output}：{exc.strerror}", f"cannot write {output}: {exc.strerror}")


def _read(file: Path, theme: str) -> "ArticleFields":
    from pydantic import ValidationError

    from content.article import ArticleFields

    try:
        return ArticleFields(markdown=file.read_text("utf-8-sig"), theme=theme or None)
    except UnicodeDecodeError:
        fail(f"{file} 不是 UTF-8 文本", f"{file} is no UTF-8 text")
    except OSError as exc:
        fail(f"读不了 {file}：{exc.strerror}", f"cannot read {file}: {exc.strerror}")
    except ValidationError as exc:
        reason = exc.errors()[0]["msg"].removeprefix("Value error, ")
        fail(f"{file} 不能排版：{reason}", f"{file} cannot be rendered: {reason}")


async def _render(fields: "ArticleFields", settings: "ContentSettings") -> "RenderedArticle":
    from server.rendering import open_renderer

    async with open_renderer(settings) as renderer:
        return await renderer.render(fields, keywords=True)


def _as_json(rendered: "RenderedArticle") -> str:
    """The answer of /v1/render."""
    from handlers.render import render_answer

    answer = render_answer(rendered, "en" if is_english() else "zh")
    return json.dumps(answer, ensure_ascii=False, indent=2)
