from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from wechat.call import BadAnswer, Call, OutcomeUnknown, WeChatRefused
from wechat.errcodes import INVALID_ARTICLE_ID
from wechat.listing import Page, read_items, read_page

SUBMIT = "/cgi-bin/freepublish/submit"
GET = "/cgi-bin/freepublish/get"
BATCHGET = "/cgi-bin/freepublish/batchget"
DELETE = "/cgi-bin/freepublish/delete"
GETARTICLE = "/cgi-bin/freepublish/getarticle"


class PublishStatus(IntEnum):
    """publish_status of freepublish/get. Source: doc page freepublish_get, read 2026-11."""

    DONE = 0
    IN_PROGRESS = 1
    ORIGINALITY_FAILED = 2
    FAILED = 3
    REVIEW_REFUSED = 4
    DELETED = 5  # done, then the user deleted all articles
    BANNED = 6  # done, then the platform banned all articles


@dataclass(frozen=True, slots=True)
class Publication:
    """How far a publication has come; article_id and urls only when it is done."""

    publish_status: int  # a value outside of PublishStatus is possible: WeChat may add some
    article_id: str = ""
    article_urls: tuple[str, ...] = ()  # of its articles, in their order


class FreepublishClient:
    """Publishing without a push to followers. Raises as `Call` does."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def submit(self, account: str, media_id: str) -> str:
        """Hand a draft to WeChat for publishing; returns the publish_id. Not idempotent."""
        answer = await self._call.post(account, SUBMIT, {"media_id": media_id})
        publish_id = answer.get("publish_id")
        if not isinstance(publish_id, str | int) or not str(publish_id):
            raise OutcomeUnknown(reason="freepublish/submit answered without a publish_id")
        return str(publish_id)

    async def get(self, account: str, publish_id: str) -> Publication:
        """Ask how a publication goes; a verified account may ask 100 times a day."""
        answer = await self._call.post(account, GET, {"publish_id": publish_id})
        status = answer.get("publish_status")
        if not isinstance(status, int) or isinstance(status, bool):
            raise BadAnswer(reason="no publish_status")
        urls = urls_of_detail(answer.get("article_detail"))
        return Publication(status, str(answer.get("article_id") or ""), urls)

    async def batchget(
        self, account: str, *, offset: int = 0, count: int = 20, no_content: bool = False
    ) -> list[Mapping[str, Any]]:
        """A page of published articles, newest first.

        Each is `{article_id, content{news_item[]}, update_time}`.
        """
        body = {"offset": offset, "count": count, "no_content": int(no_content)}
        return read_items(await self._call.post(account, BATCHGET, body), "item")

    async def page(self, account: str, *, offset: int = 0, count: int = 20) -> Page:
        """The same without the articles' HTML, and how many publications there are."""
        body = {"offset": offset, "count": count, "no_content": 1}
        return read_page(await self._call.post(account, BATCHGET, body))

    async def getarticle(self, account: str, article_id: str) -> list[Mapping[str, Any]]:
        """The articles of a publication, each with `url` and `is_deleted`."""
        answer = await self._call.post(account, GETARTICLE, {"article_id": article_id})
        return read_items(answer, "news_item")

    async def delete(self, account: str, article_id: str, *, index: int = 0) -> bool:
        """Take an article down for good, `index` from 1, or all (0); False: there is none."""
        body = {"article_id": article_id, "index": index}
        try:
            await self._call.post(account, DELETE, body)
        except WeChatRefused as exc:
            if exc.wechat_errcode == INVALID_ARTICLE_ID:
                return False
            raise
        return True


def urls_of_detail(detail: object) -> tuple[str, ...]:
    """The addresses in `article_detail`, in the order of the articles."""
    items = detail.get("item") if isinstance(detail, dict) else None
    if not isinstance(items, list):
        return ()
    listed = [item for item in items if isinstance(item, dict)]
    # `idx` counts from 1. One without it keeps its place.
    listed.sort(key=lambda item: item["idx"] if isinstance(item.get("idx"), int) else 0)
    urls = tuple(str(item.get("article_url") or "") for item in listed)
    return urls if any(urls) else ()
