from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from content.fields import MAX_HTML_BYTES, ArticleFields
from content.relayed.notes import NOT_READABLE, Note
from content.renderer import Renderer
from core.errors import GatewayError, Text
from wechat.limits import ARTICLES_PER_DRAFT

_MAX_BODY_BYTES = 9 * MAX_HTML_BYTES  # as much as a whole draft may have
_TOO_LARGE = Note(
    "enhance_too_large",
    "warning",
    Text("草稿太大，没有检查", "the draft is too large to be linted"),
)
_TEXTS = ("title", "author", "digest", "content_source_url")
_NOT_OURS = frozenset({"image_files_needed"})


class _Article(NamedTuple):
    path: str  # articles[0].
    said: dict[str, Any]


class DraftLint:
    """Holds relayed drafts against WeChat's limits, by the rules of `/v1/lint`.

    Notes on what rendering does are left out: a relayed draft is not rendered.
    """

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def look(self, account: str, body: bytes) -> list[Note]:
        """What is wrong with the draft, article by article."""
        if len(body) > _MAX_BODY_BYTES:
            return [_TOO_LARGE]
        try:
            articles = list(_articles(orjson.loads(body)))
        except ValueError:
            return [NOT_READABLE]
        notes: list[Note] = []
        for article in articles[:ARTICLES_PER_DRAFT]:
            notes += await self._look(account, article)
        return notes

    async def _look(self, account: str, article: _Article) -> list[Note]:
        try:
            report = await self._renderer.lint(_fields(article.said), account=account)
        except ValidationError:
            return [_TOO_LARGE._replace(field=article.path.rstrip("."))]
        except GatewayError as error:
            values, message = error.values, error.message
            told = Text(message.fill("zh", values), message.fill("en", values))
            return [Note(error.code, "warning", told, article.path.rstrip("."))]
        return [
            Note(found.rule, found.level, found.message, article.path + (found.field or "content"))
            for found in report.findings
            if found.level != "info" and found.rule not in _NOT_OURS
        ]


def _articles(draft: Any) -> Iterator[_Article]:
    said = draft.get("articles") if isinstance(draft, dict) else None
    if isinstance(said, dict):  # draft/update: one of them
        yield _Article("articles.", said)
    for index, article in enumerate(said if isinstance(said, list) else ()):
        if isinstance(article, dict):
            yield _Article(f"articles[{index}].", article)


def _fields(said: dict[str, Any]) -> ArticleFields:
    """The article as one of ours; of what WeChat would not understand it says nothing."""
    texts = {name: said[name] for name in _TEXTS if isinstance(said.get(name), str)}
    content, cover = said.get("content"), said.get("thumb_media_id")
    fields: dict[str, Any] = {**texts, "html": content if isinstance(content, str) else ""}
    if said.get("article_type") == "newspic":
        fields |= {"article_type": "newspic", "images": _images(said)}
    elif isinstance(cover, str) and cover:
        fields["cover"] = cover
    return ArticleFields(**fields)


def _images(said: dict[str, Any]) -> tuple[str, ...] | None:
    info = said.get("image_info")
    listed = info.get("image_list") if isinstance(info, dict) else None
    named = [
        image["image_media_id"]
        for image in (listed if isinstance(listed, list) else ())
        if isinstance(image, dict) and isinstance(image.get("image_media_id"), str)
    ]
    return tuple(named) or None
