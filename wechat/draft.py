from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wechat.call import BadAnswer, Call, OutcomeUnknown, WeChatRefused
from wechat.errcodes import INVALID_MEDIA_ID
from wechat.listing import Page, read_items, read_page

ADD = "/cgi-bin/draft/add"
GET = "/cgi-bin/draft/get"
UPDATE = "/cgi-bin/draft/update"
DELETE = "/cgi-bin/draft/delete"
BATCHGET = "/cgi-bin/draft/batchget"
COUNT = "/cgi-bin/draft/count"

_NEWS_CROPS = {"2.35_1": "pic_crop_235_1", "1_1": "pic_crop_1_1"}


@dataclass(frozen=True, slots=True)
class Article:
    """One article of a draft, field names as on the wire where they are there."""

    title: str
    content: str  # HTML, images only from WeChat's hosts; of a newspic plain text
    thumb_media_id: str = ""  # permanent; a newspic has none
    author: str = ""
    digest: str = ""
    content_source_url: str = ""
    need_open_comment: int = 0
    only_fans_can_comment: int = 0
    article_type: str = "news"
    image_media_ids: Sequence[str] = ()  # of a newspic: permanent, the first is its cover
    # Of the cover, by ratio: x1, y1, x2, y2 as fractions. A news has 2.35_1 and 1_1 alone.
    crops: Mapping[str, Sequence[float]] = field(default_factory=dict)
    product_key: str = ""  # of the product at the end of a newspic

    @property
    def cover(self) -> str:
        """The media_id of its cover."""
        return self.image_media_ids[0] if self.image_media_ids else self.thumb_media_id

    @property
    def media_ids(self) -> tuple[str, ...]:
        """All materials that it names."""
        return tuple(filter(None, (self.thumb_media_id, *self.image_media_ids)))

    def as_json(self) -> dict[str, Any]:
        """The object of `articles[]`."""
        wire: dict[str, Any] = {
            "article_type": self.article_type,
            "title": self.title,
            "author": self.author,
            "digest": self.digest,
            "content": self.content,
            "content_source_url": self.content_source_url,
            "need_open_comment": self.need_open_comment,
            "only_fans_can_comment": self.only_fans_can_comment,
        }
        if self.article_type != "newspic":
            parts = {
                name: "_".join(_decimal(fraction) for fraction in self.crops[ratio])
                for ratio, name in _NEWS_CROPS.items()
                if ratio in self.crops
            }
            return wire | {"thumb_media_id": self.thumb_media_id} | parts
        images = [{"image_media_id": media_id} for media_id in self.image_media_ids]
        wire["image_info"] = {"image_list": images}
        if self.crops:
            crops = [_crop(ratio, crop) for ratio, crop in self.crops.items()]
            wire["cover_info"] = {"crop_percent_list": crops}
        if self.product_key:
            wire["product_info"] = {"footer_product_info": {"product_key": self.product_key}}
        return wire


@dataclass(frozen=True, slots=True)
class WireArticle:
    """An article in WeChat's own words, as its caller wrote them."""

    wire: Mapping[str, Any]

    @property
    def title(self) -> str:
        """What it is called."""
        return str(self.wire.get("title", ""))

    @property
    def digest(self) -> str:
        """What lists show of it; "" where WeChat makes one."""
        return str(self.wire.get("digest", ""))

    @property
    def content(self) -> str:
        """Its HTML, or the text of a newspic."""
        return str(self.wire.get("content", ""))

    @property
    def cover(self) -> str:
        """The media_id of its cover; a newspic's is its first picture."""
        info = self.wire.get("image_info")
        images = info.get("image_list") if isinstance(info, Mapping) else None
        first = images[0] if isinstance(images, list) and images else None
        shown = first.get("image_media_id") if isinstance(first, Mapping) else None
        return str(self.wire.get("thumb_media_id") or shown or "")

    def as_json(self) -> Mapping[str, Any]:
        """The object of `articles[]`."""
        return self.wire


def _crop(ratio: str, crop: Sequence[float]) -> dict[str, str]:
    """An area in WeChat's form: fractions as texts of at most 6 decimals."""
    corners = zip(("x1", "y1", "x2", "y2"), crop, strict=True)
    return {"ratio": ratio} | {name: _decimal(value) for name, value in corners}


def _decimal(fraction: float) -> str:
    return f"{fraction:.6f}".rstrip("0").rstrip(".")


class DraftClient:
    """The draft box. Raises as `Call` does."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def add(self, account: str, articles: Sequence[Article | WireArticle]) -> str:
        """Make a draft; returns its media_id. Not idempotent: two calls, two drafts."""
        body = {"articles": [article.as_json() for article in articles]}
        answer = await self._call.post(account, ADD, body)
        media_id = answer.get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise OutcomeUnknown(reason="draft/add answered without a media_id")
        return media_id

    async def update(self, account: str, media_id: str, index: int, article: Article) -> None:
        """Put `article` in the place of the one at `index`, from 0. Idempotent."""
        # One object, where draft/add takes a list: a list is refused with 47001.
        body = {"media_id": media_id, "index": index, "articles": article.as_json()}
        await self._call.post(account, UPDATE, body)

    async def delete(self, account: str, media_id: str) -> bool:
        """Remove a draft for good; False if it was not there, as after a lost answer."""
        try:
            await self._call.post(account, DELETE, {"media_id": media_id})
        except WeChatRefused as exc:
            if exc.wechat_errcode == INVALID_MEDIA_ID:
                return False
            raise
        return True

    async def get(self, account: str, media_id: str) -> list[Mapping[str, Any]]:
        """The draft's articles as WeChat kept them, each with `url`, a temporary preview."""
        answer = await self._call.post(account, GET, {"media_id": media_id})
        return read_items(answer, "news_item")

    async def batchget(
        self, account: str, *, offset: int = 0, count: int = 20, no_content: bool = True
    ) -> list[Mapping[str, Any]]:
        """A page of drafts, newest first: `{media_id, content{news_item[]}, update_time}`."""
        body = {"offset": offset, "count": count, "no_content": int(no_content)}
        return read_items(await self._call.post(account, BATCHGET, body), "item")

    async def page(self, account: str, *, offset: int = 0, count: int = 20) -> Page:
        """The same without the articles' HTML, and how many drafts there are."""
        body = {"offset": offset, "count": count, "no_content": 1}
        return read_page(await self._call.post(account, BATCHGET, body))

    async def count(self, account: str) -> int:
        """How many drafts there are."""
        total = (await self._call.get(account, COUNT)).get("total_count")
        if not isinstance(total, int) or isinstance(total, bool):
            raise BadAnswer(reason="no total_count")
        return total
