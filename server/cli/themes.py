import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from server.cli.tables import print_json

if TYPE_CHECKING:
    from content.settings import ContentSettings

app = typer.Typer(invoke_without_command=True)

_MAX_BYTES = 1_000_000


@app.callback()
def themes(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 / for programs")] = False,
    config: ConfigOption = None,
) -> None:
    """文章主题与代码配色 / themes for articles and for code.

    \b
    例 / example:
      wxgate themes
      wxgate themes sheet -o themes.html
      wxgate themes check my-theme.css
    """
    if context.invoked_subcommand is not None:
        return
    log_to_stderr()
    listing = asyncio.run(_listing(read_settings(config).content))
    if as_json:
        print_json(listing)
        return
    for kind, head in (("article", "theme"), ("code", "code_theme")):
        typer.echo(f"{head}:")
        for theme in listing:
            if theme["kind"] == kind:
                typer.echo(f"  {theme['name']:12} {_told(theme)}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="主题名 / name of the theme")],
    config: ConfigOption = None,
) -> None:
    """显示一个主题最终的样式表 / print a theme's stylesheet as it is applied.

    变量已代入，微信不保留的已去掉：可另存为自己主题的起点。
    Variables filled in, what WeChat drops left out: a start for a theme of your own.

    \b
    例 / example:
      wxgate themes show ink
    """
    from content.theming.library import Themes

    folder = _folder(read_settings(config).content)
    library = Themes()
    try:
        typer.echo(library.sheet(name, folder).css)
    except KeyError:
        known = ", ".join(library.names(folder))
        fail(f"没有名为 {name} 的主题，可用：{known}", f"no theme {name}; there are: {known}")


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(help="一个 CSS 文件 / a CSS file", exists=True, dir_okay=False)
    ],
) -> None:
    """检查一个主题文件里有什么到不了读者 / find what of a stylesheet no reader will see.

    为别的编辑器写的也行：#nice、#wenyan、.markdown-body 等都算文章的根元素。
    Stylesheets of other editors are fine: #nice, #wenyan, .markdown-body … all mean the article.

    \b
    例 / example:
      wxgate themes check my-theme.css
    """
    from content.theming.library import Themes
    from content.theming.problems import PROBLEMS

    try:
        if file.stat().st_size > _MAX_BYTES:
            fail(f"{file} 超过 1 MB", f"{file} is over 1 MB")
        css = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        fail(f"读不了 {file}（须为 UTF-8）", f"cannot read {file} as UTF-8")
    sheet = Themes().compile(css)
    for problem in sheet.problems:
        told = in_language(PROBLEMS[problem.code])
        typer.echo(f"{file}:{problem.line}:{problem.column}: {problem.what}: {told}")
    count = len(sheet.problems)
    typer.echo(
        f"{count} 处到不了读者，其余可用 / {count} places no reader will see; the rest works",
        err=True,
    )
    raise typer.Exit(1 if count else 0)


@app.command()
def sheet(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="写到文件 / the file to write")
    ] = Path("themes.html"),
    config: ConfigOption = None,
) -> None:
    """把全部主题画在一个网页里，手机宽度，可切深色 / all themes on one page, at phone width.

    \b
    例 / example:
      wxgate themes sheet -o themes.html
    """
    from content.theming.gallery import Gallery
    from core.errors import GatewayError
    from server.themes_page import themes_page

    log_to_stderr()
    try:
        page = themes_page(Gallery(read_settings(config).content.themes_dir))
    except GatewayError as exc:
        fail_with(exc, code=1)
    try:
        output.write_text(page, "utf-8")
    except OSError as exc:
        fail(f"写不了 {output}：{exc.strerror}", f"cannot write {output}: {exc.strerror}")
    typer.echo(str(output))


async def _listing(settings: "ContentSettings") -> list[dict[str, Any]]:
    from server.rendering import open_renderer

    async with open_renderer(settings) as renderer:
        return await renderer.themes()


def _folder(settings: "ContentSettings") -> Path | None:
    return Path(settings.themes_dir) if settings.themes_dir else None


def _told(theme: dict[str, Any]) -> str:
    half = 1 if is_english() else 0
    dash = ": " if half else "："
    own = " *" if theme["own"] else ""
    description = theme["description"][half]
    return f"{theme['title'][half]}{dash if description else ''}{description}{own}"
