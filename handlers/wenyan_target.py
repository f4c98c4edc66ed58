"""What Wenyan's tools upload last: publish_target.json, and what it means here.

Source: caol64/wenyan-cli src/commands/serve.ts, caol64/wenyan-core src/node/wrapper.ts (3.0.10).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from content.fields import DraftFields
from content.options import RenderOptions
from core.errors import Text
from handlers.bodies import FieldInvalid, JsonInvalid
from wechat.limits import DIGEST_CHARS

# SHA-256 and what the sender called the file: so that messages can say which picture it is.
FILE_ID = r"([0-9a-f]{64})\.([\w.-]{1,60})"
_ASSET = re.compile(rf"asset://{FILE_ID}")
_ODD = re.compile(r"[^\w.-]+")
_SHOWN_HEX = 16  # of the SHA-256, in a file's path: what has 64 hex digits is masked in messages

# Themes of ours that look like theirs; where the names are the same, they need no line.
_THEMES = {
    "orangeheart": "ember",
    "lapis": "azure",
    "maize": "amber",
    "purple": "plum",
    "phycat": "mint",
}
# Styles of Pygments, which the gateway has all of but does not list.
_CODE_THEMES = {
    "atom-one-dark": "one-dark",
    "dracula": "dracula",
    "github-dark": "github-dark",
    "monokai": "monokai",
    "solarized-dark": "solarized-dark",
    "solarized-light": "solarized-light",
    "xcode": "xcode",
}


class PublishRequest(BaseModel):
    """POST /wenyan/publish."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file_id: str = Field(alias="fileId", min_length=1, max_length=512)
    theme: str | None = Field(None, max_length=100, description="of content in Markdown")
    highlight: str | None = Field(None, max_length=100, description="of code in Markdown")
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
    image_list: tuple[str, ...] | None = None


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
        fault = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    if fault["type"] == "json_invalid":
        raise JsonInvalid(reason=fault["msg"].removeprefix("Invalid JSON: "))
    field = str(fault["loc"][0]) if fault["loc"] else None
    raise FieldInvalid(field=field, reason=f"{field}: {fault['msg']}")


def is_html(target: Target) -> bool:
    """Its tools send finished HTML, and Markdown in a 小绿书 alone, which shows plain text."""
    return target.content.lstrip().startswith("<")


def draft_of(target: Target, asked: PublishRequest, themes: Mapping[str, Collection[str]]) -> Draft:
    """What is meant; `themes` are the names there are, by kind. Raises FieldInvalid."""
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
    else:
        given |= {
            "cover": local(target.cover) if target.cover else None,
            "content_source_url": target.source_url or None,
            "digest": (target.description or "").strip()[:DIGEST_CHARS] or None,
            **_looks(target, asked, themes, warnings),
        }
    try:
        fields = DraftFields(**given)
    except ValidationError as exc:
        fault = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        reason = fault["msg"].removeprefix("Value error, ")
        raise FieldInvalid(
            field=str(fault["loc"][0]) if fault["loc"] else None, reason=reason
        ) from None
    return Draft(fields, files, tuple(warnings))


def _looks(
    target: Target,
    asked: PublishRequest,
    themes: Mapping[str, Collection[str]],
    warnings: list[Text],
) -> dict[str, Any]:
    """Theme and options. Finished HTML has both in it already: nothing is put on top."""
    if is_html(target):
        return {"options": RenderOptions(link_references=False)}
    options = {"code_header": asked.mac_style, "link_references": asked.footnote}
    said = {name: value for name, value in options.items() if value is not None}
    return {
        "theme": _known(asked.theme, _THEMES, themes["article"], warnings),
        "code_theme": _known(asked.highlight, _CODE_THEMES, themes["code"], warnings),
        "options": RenderOptions(**said) if said else None,
    }


def _known(
    name: str | None, ours: Mapping[str, str], known: Collection[str], warnings: list[Text]
) -> str | None:
    if name is None or name in known:
        return name
    if name in ours:
        return ours[name]
    warnings.append(
        Text(
            f"没有主题 {name[:40]}，用了默认的",
            f"there is no theme {name[:40]}: the default it is",
        )
    )
    return None
