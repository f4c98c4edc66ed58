from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from wechat.call import BadAnswer, Call, OutcomeUnknown

ADD = "/cgi-bin/draft/add"
GET = "/cgi-bin/draft/get"
BATCHGET = "/cgi-bin/draft/batchget"


@dataclass(frozen=True, slots=True)
class Article:
    """One article of a draft, field names as on the wire."""

    title: str
    content: str  # HTML; images only from WeChat's hosts
    thumb_media_id: str  # permanent
    author: str = ""
    digest: str = ""
    content_source_url: str = ""
    need_open_comment: int = 0
    only_fans_can_comment: int = 0
    article_type: str = "news"

    def as_json(self) -> dict[str, Any]:
        """The object of `articles[]`."""
        return asdict(self)


class DraftClient:
    """The draft box. Raises as `Call` does."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def add(self, account: str, articles: list[Article]) -> str:
        """Make a draft; returns its media_id. Not idempotent: two calls, two drafts."""
        body = {"articles": [article.as_json() for article in articles]}
        answer = await self._call.post(account, ADD, body)
        media_id = answer.get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise OutcomeUnknown(reason="draft/add answered without a media_id")
        return media_id

    async def get(self, account: str, media_id: str) -> list[Mapping[str, Any]]:
        """The draft's articles as WeChat kept them, each with `url`, a temporary preview."""
        answer = await self._call.post(account, GET, {"media_id": media_id})
        return _items(answer, "news_item")

    async def batchget(
        self, account: str, *, offset: int = 0, count: int = 20, no_content: bool = True
    ) -> list[Mapping[str, Any]]:
        """A page of drafts, newest first: `{media_id, content{news_item[]}, update_time}`."""
        body = {"offset": offset, "count": count, "no_content": int(no_content)}
        return _items(await self._call.post(account, BATCHGET, body), "item")


def _items(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    items = answer.get(name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadAnswer(reason=f"no list {name}")
    return items
