"""What Wenyan's tools upload last: publish_target.json, and what it means here.

Source: caol64/wenyan-cli src/commands/serve.ts, caol64/wenyan-core src/node/wrapper.ts (3.0.10).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from content.fields import DraftFields
from content.options import RenderOptions
from core.errors import GatewayError, Text
from handlers.bodies import refused
from wechat.limits import DIGEST_CHARS, NEWSPIC_IMAGES

# SHA-256 and what the sender called the file: so that messages can say which picture it is.
FILE_ID = r"([0-9a-f]{64})\.([\w.-]{1,60})"
_ASSET = re.compile(rf"asset://{FILE_ID}")
_ODD = re.compile(r"[^\w.-]+")
_SHOWN_HEX = 16  # of the SHA-256, in a file's path: what has 64 hex digits is masked in messages

# What comes closest to theirs; a name that is not here counts as one of ours.
_THEMES = {
    "orangeheart": "ember",
    "rainbow": "sakura",
    "lapis": "azure",
    "pie": "newsprint",
    "maize": "amber",
    "purple": "plum",
    "phycat": "mint",
}
_CODE_THEMES = {
    "atom-one-dark": "one-dark",
    "atom-one-light": "lovelace",
    "github": "tango",
}
_COVER_UNUSED = Text(
    "小绿书的封面是第一张图：cover 没有用到，把它放到 image_list 的第一位",
    "the cover of a picture post is its first picture: cover was not used, put it first in "
    "image_list",
)


class CustomThemeUnread(GatewayError):
    """Markdown is to be styled by a file that only its sender has."""

    status = 422
    code = "custom_theme_unread"
    category = "params"
    message = Text(
        "customTheme 是你那台机器上的文件，网关读不到",
        "customTheme is a file of your machine, which the gateway cannot read",
    )
    hint = Text(
        "发送排好版的 HTML（文颜的工具就是这样），或由管理员把样式放进 content.themes_dir，"
        "再用 theme 写它的名字",
        "send finished HTML, as Wenyan's tools do; or let an operator put the stylesheet into "
        "content.themes_dir, and name it in theme",
    )


class PublishRequest(BaseModel):
    """POST /wenyan/publish."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file_id: str = Field(alias="fileId", min_length=1, max_length=512)
    theme: str | None = Field(None, max_length=100, description="of content in Markdown")
    highlight: str | None = Field(None, max_length=100, description="of code in Markdown")
    custom_theme: str | None = Field(
        None,
        alias="customTheme",
        max_length=4_096,
        description="a path on the sender's machine, who has applied it to HTML already",
    )
    mac_style: bool | None = Field(None, alias="macStyle")
    footnote: bool | None = Field(None, description="list the links at the end; in Markdown")
    app_id: str | None = Field(None, alias="appId", max_length=64, description="or our name for it")


class Target(BaseModel):
    """publish_target.json; whatever else the front matter had is left alone."""

    # Front matter is YAML: a title may be a number there, and whatever is not set is null.
    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    content: str
    title: str | None = None
    description: str | None = None
    cover: str | None = None
    author: str | None = None
    source_url: str | None = None
    need_open_comment: bool | None = None
    only_fans_can_comment: bool | None = None
    image_list: tuple[str, ...] | None = Field(None, max_length=NEWSPIC_IMAGES)


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft that is meant, with its files by path, and what could not be as asked."""

    fields: DraftFields
    files: Mapping[str, str]  # path → SHA-256
    warnings: tuple[Text, ...] = ()


def file_id(sha256: str, name: str) -> str:
    """What a file is called from its upload on."""
    return f"{sha256}.{_ODD.sub('_', name)[-60:] or 'file'}"


def read_target(data: bytes) -> Target:
    """Raises JsonInvalid, FieldInvalid."""
    try:
        return Target.model_validate_json(data)
    except ValidationError as exc:
        raise refused(exc) from None


def is_html(target: Target) -> bool:
    """Its tools send finished HTML, and Markdown in a 小绿书 alone, which shows plain text."""
    return target.content.lstrip().startswith("<")


def draft_of(target: Target, asked: PublishRequest) -> Draft:
    """What is meant. Raises FieldInvalid, CustomThemeUnread."""
    files: dict[str, str] = {}

    def local(text: str) -> str:
        def path(found: re.Match[str]) -> str:
            sha256, name = found.groups()
            files[f"{sha256[:_SHOWN_HEX]}-{name}"] = sha256
            return f"{sha256[:_SHOWN_HEX]}-{name}"

        return _ASSET.sub(path, text)

    warnings: list[Text] = []
    given: dict[str, Any] = {
        "html" if is_html(target) else "markdown": local(target.content),
        "title": target.title,
        "author": target.author,
        "need_open_comment": target.need_open_comment,
        "only_fans_can_comment": target.only_fans_can_comment,
    }
    if target.image_list:
        # The first of them is the cover there; a digest and a source it has none.
        given |= {
            "article_type": "newspic",
            "images": tuple(local(source) for source in target.image_list),
        }
        if target.cover and target.cover != target.image_list[0]:
            warnings.append(_COVER_UNUSED)
    else:
        given |= {
            "cover": local(target.cover) if target.cover else None,
            "content_source_url": target.source_url or None,
            "digest": (target.description or "").strip()[:DIGEST_CHARS] or None,
            **_looks(target, asked),
        }
    try:
        fields = DraftFields(**given)
    except ValidationError as exc:
        raise refused(exc) from None
    return Draft(fields, files, tuple(warnings))


def _looks(target: Target, asked: PublishRequest) -> dict[str, Any]:
    """Theme and options. Finished HTML has both in it already: nothing is put on top."""
    if is_html(target):
        return {"options": RenderOptions(link_references=False)}
    if asked.custom_theme:
        raise CustomThemeUnread(field="customTheme")
    options = {"code_header": asked.mac_style, "link_references": asked.footnote}
    said = {name: value for name, value in options.items() if value is not None}
    theme, code_theme = asked.theme, asked.highlight
    return {
        "theme": _THEMES.get(theme, theme) if theme else None,
        "code_theme": _CODE_THEMES.get(code_theme, code_theme) if code_theme else None,
        "options": RenderOptions(**said) if said else None,
    }
