import posixpath
from collections.abc import Iterator
from urllib.parse import urlsplit

from content.kinds import is_media_id
from content.lint.page import Page
from content.lint.pictures import IMAGE_FORBIDDEN
from content.lint.rule import Finding, Rule
from content.pictures.errors import ImageSourceForbidden
from content.pictures.source import judge_source, shown
from core.errors import Text

_DRAFTS = "developers.weixin.qq.com draft/add: thumb_media_id is required and permanent"

COVER_MISSING = Rule(
    "cover_missing",
    "info",
    Text("没有指定封面，会用{instead}", "no cover is named: {instead_en} will be used"),
    Text("在 front matter 写 cover，或传 cover", "name one by cover"),
    _DRAFTS,
    mended=True,
)
COVER_MEDIA_ID = Rule(
    "cover_media_id",
    "info",
    Text(
        "封面 {cover} 被当作微信的 media_id；从它的样子看不出是不是永久素材",
        "the cover {cover} is taken for a media_id; nobody can see from it whether it is permanent",
    ),
    Text(
        "它必须来自 material/add_material；media/upload 的三天后失效，微信答 40007。"
        "写图片的路径或网址，网关会上传成永久素材",
        "it must come from material/add_material: one of media/upload ends after 3 days, and WeChat"
        " answers 40007. Name a picture by path or URL and the gateway uploads it for good",
    ),
    "developers.weixin.qq.com media/upload (3 days), draft/add",
)
COVER_AT_WECHAT = Rule(
    "cover_url",
    "info",
    Text("封面是微信图床的网址，不是 media_id", "the cover is a URL of WeChat's, not a media_id"),
    Text(
        "不用改：网关会取下它，再上传成永久素材",
        "leave it: the gateway fetches it and uploads it as permanent material",
    ),
    "n8n-nodes-wechat-offiaccount#28: the url sent as media_id gives 40007",
    mended=True,
)
COVER_IS_PAGE = Rule(
    "cover_is_page",
    "warning",
    Text("封面 {cover} 是网页，不是图片", "the cover {cover} is a page, not a picture"),
    Text("改成图片的网址、相对路径或永久 media_id", "name a picture or a permanent media_id"),
    _DRAFTS,
)
COVER_UNCLEAR = Rule(
    "cover_unclear",
    "warning",
    Text(
        "封面 {cover} 不像图片文件，也不像 media_id",
        "the cover {cover} looks neither like a picture's file nor like a media_id",
    ),
    Text("写带扩展名的文件名、网址或永久 media_id", "name a file, a URL or a permanent media_id"),
    _DRAFTS,
)

_PAGE_SUFFIXES = frozenset({".htm", ".html", ".php", ".asp", ".aspx"})


def check_cover(page: Page) -> Iterator[Finding]:
    """What the cover is, or what is used in its place. That of a newspic is its first picture."""
    if page.manuscript.article_type == "newspic":
        return
    cover = page.manuscript.string("cover")
    place = page.field_position("cover")
    if not cover:
        instead = ("正文第一张图", "the first picture")
        if not page.manuscript.images:
            instead = ("按标题画的图", "one drawn from the title")
        yield COVER_MISSING.at(field="cover", instead=instead[0], instead_en=instead[1])
        return
    rule = COVER_MEDIA_ID if is_media_id(cover) else _rule_of(cover)
    if rule is not None:
        picture = shown(cover)
        yield rule.at(place, field="cover", cover=picture, picture=picture)


def _rule_of(cover: str) -> Rule | None:
    """What is to be said of a cover that is no media_id."""
    try:
        kind = judge_source(cover, field="cover")
    except ImageSourceForbidden:
        return IMAGE_FORBIDDEN
    suffix = posixpath.splitext(shown(cover))[1].lower()
    if kind == "wechat":
        return COVER_AT_WECHAT
    if kind == "url" and (suffix in _PAGE_SUFFIXES or _is_article(cover)):
        return COVER_IS_PAGE
    return COVER_UNCLEAR if kind == "file" and not suffix else None


def _is_article(url: str) -> bool:
    return urlsplit(url).hostname == "mp.weixin.qq.com"
