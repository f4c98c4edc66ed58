from typing import Literal

from pydantic import BaseModel, ConfigDict

TokenKind = Literal["classic", "stable"]
MaterialKind = Literal["image", "voice", "video", "thumb"]


class Record(BaseModel):
    """Something the sandbox remembers. Times are Unix seconds by the sandbox's clock."""

    model_config = ConfigDict(frozen=True)


class Token(Record):
    """An access_token that was issued."""

    kind: TokenKind
    expires_at: float
    superseded_at: float | None = None  # from then on refused with 40001


class TokenDay(Record):
    """An account's stable_token refreshes that were forced on one day."""

    day: str  # in Shanghai, YYYY-MM-DD
    forced: int
    last_at: float


class Usage(Record):
    """Calls of one path, or clearings of a counter, in one period."""

    period: str  # a day YYYY-MM-DD, a month YYYY-MM or a minute, in Shanghai
    used: int


class Material(Record):
    """A permanent material; its bytes are the blob `blob`."""

    kind: MaterialKind
    name: str
    content_type: str
    blob: str
    url: str  # images only
    update_time: int
    title: str = ""  # video only
    introduction: str = ""


class TemporaryMedia(Record):
    """A file of media/upload."""

    kind: MaterialKind
    name: str
    content_type: str
    blob: str
    created_at: int


class Article(Record):
    """An article as WeChat keeps it: its content has been filtered."""

    article_type: Literal["news", "newspic"]
    title: str
    author: str
    digest: str
    content: str
    content_source_url: str
    thumb_media_id: str
    need_open_comment: int
    only_fans_can_comment: int
    page: str  # id of its page: the preview of a draft, the article once published
    image_media_ids: tuple[str, ...] = ()  # newspic only
    crops: tuple[dict[str, str], ...] = ()  # of a newspic's cover, as they were sent
    product_key: str = ""  # of the product at a newspic's end
    is_deleted: bool = False


class Draft(Record):
    """A draft in the draft box."""

    articles: tuple[Article, ...]
    create_time: int
    update_time: int


class Publication(Record):
    """One freepublish/submit and what became of it."""

    media_id: str
    publish_status: int
    outcome: int  # the status it will reach at `done_at`
    done_at: float
    article_id: str
    articles: tuple[Article, ...]
    update_time: int


class MassMessage(Record):
    """A mass send; its id is the clientmsgid."""

    msg_id: int
    media_id: str
    sent_at: float
    done_at: float
    deleted: bool = False
    told: bool = False  # MASSSENDJOBFINISH was pushed


class Page(Record):
    """Where a page's article is kept."""

    account: str
    kind: Literal["draft", "article"]
    id: str  # the draft's media_id, or the publish_id
    index: int


class ProductCard(Record):
    """A product card that getcardinfo gave out; its id is the key."""

    product_id: str
    article_type: str
    card_type: int


class Menu(Record):
    """The custom menu, as the JSON text that made it."""

    body: str
