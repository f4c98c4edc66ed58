from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from content.renderer import Renderer


class InBoth(BaseModel):
    """A text in both languages."""

    zh: str
    en: str


class ThemeProblem(BaseModel):
    """A piece of an operator's stylesheet that no reader will see."""

    line: int
    column: int
    what: str
    message: InBoth


class ThemeItem(BaseModel):
    """A theme for `theme` (kind article) or `code_theme` (kind code) of an article."""

    name: str
    kind: str
    title: InBoth
    description: InBoth
    own: bool  # a stylesheet of the operator's
    problems: list[ThemeProblem]
    preview: str  # HTML, rendered with it


class ThemeList(BaseModel):
    """All of them."""

    items: list[ThemeItem]


class ThemesHandler:
    """Which themes there are; touches no account."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def list(self, _request: Request) -> Response:
        """Each with a small preview."""
        items = [
            ThemeItem(
                name=theme["name"],
                kind=theme["kind"],
                title=_both(theme["title"]),
                description=_both(theme["description"]),
                own=theme["own"],
                problems=[
                    ThemeProblem(
                        line=one["line"],
                        column=one["column"],
                        what=one["what"],
                        message=_both(one["told"]),
                    )
                    for one in theme["problems"]
                ],
                preview=theme["preview"],
            )
            for theme in await self._renderer.themes()
        ]
        return JSONResponse(ThemeList(items=items).model_dump())


def _both(texts: tuple[str, str]) -> InBoth:
    zh, en = texts
    return InBoth(zh=zh, en=en)
