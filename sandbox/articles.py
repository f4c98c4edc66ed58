import re
from collections.abc import Mapping
from typing import Any, Literal

from sandbox.answers import Refused
from sandbox.filters import (
    ArticleFilter,
    has_forbidden_markup,
    plain_with_cards,
    product_keys,
    text_of,
)
from sandbox.models import Article
from sandbox.settings import SandboxAccount
from sandbox.world import World
from wechat.limits import (
    AUTHOR_CHARS,
    CONTENT_BYTES,
    CONTENT_CHARS,
    DEFAULT_DIGEST_CHARS,
    DIGEST_CHARS,
    NEWSPIC_IMAGES,
    PRODUCTS,
    SOURCE_URL_BYTES,
    STRICT_AUTHOR_BYTES,
    STRICT_DIGEST_BYTES,
    STRICT_NEWSPIC_BYTES,
    STRICT_TITLE_BYTES,
    TITLE_CHARS,
)

_CROPS = ("pic_crop_235_1", "pic_crop_1_1")
_RATIOS = frozenset({"1_1", "16_9", "2.35_1"})
_FRACTION = re.compile(r"0(?:\.\d{1,6})?|1(?:\.0{1,6})?")
# Those of the doc pages draft_add and getdraft, read 2026-11.
_FIELDS = frozenset(
    {
        "article_type", "title", "author", "digest", "content", "content_source_url",
        "thumb_media_id", "need_open_comment", "only_fans_can_comment", "image_info",
        "cover_info", "product_info", *_CROPS,
    }
)  # fmt: skip


class ArticleReader:
    """Turns an `articles` object of draft/add and draft/update into what WeChat keeps of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._filter = ArticleFilter(keep_divs=world.settings.divs == "keep")

    def read(self, data: object, account: SandboxAccount, *, alone: bool) -> Article:
        """The article, filtered; `alone`: the only one of its draft, so it may have a digest.

        Raises Refused: 47001 for a wrong type, else the errcodes of wechat-api.md, section 3.4.
        """
        if not isinstance(data, dict):
            raise Refused(47001)
        if self._world.settings.unknown_fields == "refuse_47001" and not data.keys() <= _FIELDS:
            raise Refused(47001)
        app_id, kind = account.app_id, _article_type(data)
        content = _text(data, "content")
        self._check_lengths(data, content)
        if not content:
            raise Refused(44004)
        if self._world.settings.markup == "refuse_45166" and has_forbidden_markup(content):
            raise Refused(45166)
        for name in _CROPS:
            if crop := _text(data, name):
                _check_crop(crop.split("_"))
        pictures = self._pictures(data, app_id) if kind == "newspic" else ()
        product_key = _product_key(data)
        self._check_products(account, kind, [*product_keys(content), *filter(None, [product_key])])
        thumb = pictures[0] if pictures else _text(data, "thumb_media_id")
        self._check_picture(app_id, thumb)
        cleaned = self._filter.clean(content) if kind == "news" else plain_with_cards(content)
        digest = _text(data, "digest") if alone else ""
        return Article(
            article_type=kind,
            title=_text(data, "title"),
            author=_text(data, "author"),
            digest=digest or text_of(cleaned)[:DEFAULT_DIGEST_CHARS],
            content=cleaned,
            content_source_url=_text(data, "content_source_url"),
            thumb_media_id=thumb,
            need_open_comment=_flag(data, "need_open_comment"),
            only_fans_can_comment=_flag(data, "only_fans_can_comment"),
            page=self._world.new_id(22),
            image_media_ids=pictures,
            crops=_cover_crops(data) if kind == "newspic" else (),
            product_key=product_key,
        )

    def _check_lengths(self, data: Mapping[str, Any], content: str) -> None:
        strict = self._world.settings.lengths == "strict"
        title, author, digest = (_text(data, name) for name in ("title", "author", "digest"))
        if not title or _over(title, TITLE_CHARS, STRICT_TITLE_BYTES, strict=strict):
            raise Refused(45003)
        if _over(author, AUTHOR_CHARS, STRICT_AUTHOR_BYTES, strict=strict):
            raise Refused(45110)
        if _over(digest, DIGEST_CHARS, STRICT_DIGEST_BYTES, strict=strict):
            raise Refused(45004)
        counted = content if strict else text_of(self._filter.clean(content))
        if len(counted) > CONTENT_CHARS or len(content.encode()) >= CONTENT_BYTES:
            raise Refused(45002)
        long_for_newspic = len(text_of(content).encode()) > STRICT_NEWSPIC_BYTES
        if strict and long_for_newspic and _article_type(data) == "newspic":
            raise Refused(45166)
        source_url = _text(data, "content_source_url")
        if len(source_url.encode()) > SOURCE_URL_BYTES:
            raise Refused(45005)
        if source_url and not source_url.startswith(("http://", "https://")):
            raise Refused(41039, "invalid content_source_url")

    def _pictures(self, data: Mapping[str, Any], app_id: str) -> tuple[str, ...]:
        info = data.get("image_info")
        images = info.get("image_list") if isinstance(info, dict) else None
        if not isinstance(images, list) or not 1 <= len(images) <= NEWSPIC_IMAGES:
            raise Refused(40007)
        ids = []
        for image in images:
            media_id = image.get("image_media_id") if isinstance(image, dict) else None
            self._check_picture(app_id, media_id)
            ids.append(str(media_id))
        return tuple(ids)

    def _check_products(self, account: SandboxAccount, kind: str, keys: list[str]) -> None:
        if keys and not account.sells:
            raise Refused(53406)
        for key in keys:
            card = self._world.product_cards.get(account.app_id, key)
            if card is None or card.article_type != kind:
                raise Refused(53405)
        if kind == "newspic" and len(keys) > PRODUCTS:
            raise Refused(45166)

    def _check_picture(self, app_id: str, media_id: object) -> None:
        material = self._world.materials.get(app_id, str(media_id))
        if material is None or material.kind not in ("image", "thumb"):
            raise Refused(40007)


def _article_type(data: Mapping[str, Any]) -> Literal["news", "newspic"]:
    match data.get("article_type") or "news":
        case "news":
            return "news"
        case "newspic":
            return "newspic"
        case _:
            raise Refused(40097)


def _product_key(data: Mapping[str, Any]) -> str:
    info = data.get("product_info")
    if info is None:
        return ""
    footer = info.get("footer_product_info") if isinstance(info, dict) else None
    if not isinstance(footer, dict):
        raise Refused(47001)
    key = _text(footer, "product_key")
    if not key:
        raise Refused(53405)
    return key


def _cover_crops(data: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    info = data.get("cover_info")
    if info is None:
        return ()
    crops = info.get("crop_percent_list") if isinstance(info, dict) else None
    if not isinstance(crops, list):
        raise Refused(47001)
    for crop in crops:
        if not isinstance(crop, dict):
            raise Refused(47001)
        corners = [_text(crop, name) for name in ("x1", "y1", "x2", "y2")]
        if _text(crop, "ratio") not in _RATIOS:
            raise Refused(53402)
        _check_crop(corners)
    return tuple(crops)


def _check_crop(corners: list[str]) -> None:
    """Refuse what is no x1, y1, x2, y2 of an area, in fractions of at most 6 decimals."""
    if len(corners) != 4 or not all(map(_FRACTION.fullmatch, corners)):
        raise Refused(53402)
    x1, y1, x2, y2 = map(float, corners)
    if not (x1 < x2 and y1 < y2):
        raise Refused(53402)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(47001)
    return value


def _flag(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name, 0)
    if value not in (0, 1):
        raise Refused(47001)
    return int(value)


def _over(text: str, chars: int, strict_bytes: int, *, strict: bool) -> bool:
    return len(text.encode()) > strict_bytes if strict else len(text) > chars
