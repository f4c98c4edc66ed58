from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from accounts.clients import Scope
from content.article import ArticleFields
from content.filling import TemplateFiller
from content.renderer import Renderer
from core.errors import Text
from handlers.errcodes import ErrcodeList, answer_for
from handlers.errors import language_of_caller
from handlers.guard import require_scope
from handlers.lint import LintAnswer, report_json
from handlers.mcp import words
from handlers.mcp.accounts import NoArguments
from handlers.mcp.tool import READS_HERE, Told, Tool
from handlers.render import RenderAnswer, render_answer
from wechat.errcodes import Errcodes
from wechat.explain import explain

_NAMED = 3


class RenderInput(ArticleFields):
    """An article, as /v1/render takes it."""

    include_html: bool = Field(
        False, description="answer with the HTML too; it is long, and drafts need it not"
    )

    def fields(self) -> ArticleFields:
        """The article itself."""
        return ArticleFields(**self.model_dump(exclude={"include_html"}))


class ThemeName(BaseModel):
    """A theme for `theme` (kind article) or `code_theme` (kind code)."""

    name: str
    kind: str
    title: str
    description: str
    own: bool = Field(description="a stylesheet of the operator's")


class ThemeNames(BaseModel):
    """All of them."""

    items: list[ThemeName]


class ErrcodeInput(BaseModel):
    """What is to be explained."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(
        min_length=1,
        max_length=2_000,
        description="an errcode such as 40164, a whole errmsg, or some words of one",
    )


class ContentTools:
    """Tools that touch no account."""

    def __init__(self, renderer: Renderer, templates: TemplateFiller, errcodes: Errcodes) -> None:
        self._renderer = renderer
        self._templates = templates
        self._errcodes = errcodes

    def tools(self) -> list[Tool]:
        """All of them."""
        return [
            Tool(
                about=words.RENDER,
                takes=RenderInput,
                gives=RenderAnswer,
                effect=READS_HERE,
                counts_as="POST /v1/render",
                run=self._render,
            ),
            Tool(
                about=words.LINT,
                takes=ArticleFields,
                gives=LintAnswer,
                effect=READS_HERE,
                counts_as="POST /v1/lint",
                run=self._lint,
            ),
            Tool(
                about=words.LIST_THEMES,
                takes=NoArguments,
                gives=ThemeNames,
                effect=READS_HERE,
                counts_as="GET /v1/themes",
                run=self._themes,
            ),
            Tool(
                about=words.EXPLAIN_ERRCODE,
                takes=ErrcodeInput,
                gives=ErrcodeList,
                effect=READS_HERE,
                run=self._explain,
            ),
        ]

    async def _render(self, request: Request, asked: RenderInput) -> Told:
        fields = await self._filled(request, asked.fields())
        rendered = await self._renderer.render(fields, keywords=True)
        data = render_answer(rendered, language_of_caller(request))
        if not asked.include_html:
            data["html"] = ""
        size, warned = data["stats"]["characters"], len(data["warnings"])
        return Told(
            data,
            Text(
                f"《{data['title']}》{size} 字，{warned} 条警告",
                f"“{data['title']}”: {size} characters, {warned} warnings",
            ),
        )

    async def _lint(self, request: Request, asked: ArticleFields) -> Told:
        report = await self._renderer.lint(await self._filled(request, asked))
        data = report_json(report, language_of_caller(request))
        worst = [f"[{one['level']}] {one['message']}" for one in data["findings"][:_NAMED]]
        told = "; ".join(worst) or "-"
        n = len(data["findings"])
        return Told(data, Text(f"{n} 条：{told}", f"{n} findings: {told}"))

    async def _filled(self, request: Request, fields: ArticleFields) -> ArticleFields:
        if fields.template is not None:
            require_scope(request, Scope.DRAFT, Scope.TEMPLATES)
        return await self._templates.filled(fields)

    async def _themes(self, request: Request, _asked: NoArguments) -> Told:
        language: Literal[0, 1] = 0 if language_of_caller(request) == "zh" else 1
        items = [
            ThemeName(
                name=theme["name"],
                kind=theme["kind"],
                title=theme["title"][language],
                description=theme["description"][language],
                own=theme["own"],
            )
            for theme in await self._renderer.themes()
        ]
        names = ", ".join(item.name for item in items if item.kind == "article")
        return Told(
            ThemeNames(items=items).model_dump(), Text(f"主题：{names}", f"Themes: {names}")
        )

    async def _explain(self, _request: Request, asked: ErrcodeInput) -> Told:
        found = explain(asked.text, self._errcodes)
        items = [answer_for(errcode, asked.text) for errcode in found.errcodes]
        first = items[:1]
        zh = [f"{each['errcode']}：{each['text']['zh']}。{each['hint']['zh']}" for each in first]
        en = [f"{each['errcode']}: {each['text']['en']}. {each['hint']['en']}" for each in first]
        return Told(
            {"items": items, "ip": found.ip},
            Text("".join(zh) or "没有找到", "".join(en) or "nothing found"),
        )
