"""The articles of a relayed draft as lint is to see them: read in a worker process."""

from collections.abc import Iterator
from typing import Any

import orjson

from wechat.limits import ARTICLES_PER_DRAFT, NEWSPIC_IMAGES

_TEXTS = ("title", "author", "digest", "content_source_url")
_MAX_TEXT_CHARS = 2_000  # far over each limit, and so as wrong as the whole


def read_draft(arguments: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """`{"readable", "articles"}` of a draft, and the contents of its articles as UTF-8.

    `articles` are `{path, fields, pictures, content}`: what messages call it, such as articles[0];
    those fields of `ArticleFields` that it has; how many pictures a newspic has, of which `fields`
    have as many as may be; and from where to where its content stands in the data, None where it
    has more than `max_content_bytes`. What WeChat would not understand counts as not there.
    """
    try:
        draft = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        return {"readable": False}, b""
    articles, contents, size = [], [], 0
    for path, said in _articles(draft):
        text = said.get("content")
        content = text.encode() if isinstance(text, str) else b""
        place = None
        if len(content) <= arguments["max_content_bytes"]:
            place = (size, size + len(content))
            contents.append(content)
            size += len(content)
        pictures = _pictures(said)
        fields = _fields(said, pictures)
        told = {"path": path, "fields": fields, "pictures": len(pictures), "content": place}
        articles.append(told)
    return {"readable": True, "articles": articles}, b"".join(contents)


def _articles(draft: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    said = draft.get("articles") if isinstance(draft, dict) else None
    if isinstance(said, dict):  # draft/update: one of them
        yield "articles", said
    for index, article in enumerate(said[:ARTICLES_PER_DRAFT] if isinstance(said, list) else ()):
        if isinstance(article, dict):
            yield f"articles[{index}]", article


def _fields(said: dict[str, Any], pictures: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: said[name][:_MAX_TEXT_CHARS] for name in _TEXTS if isinstance(said.get(name), str)
    }
    cover = said.get("thumb_media_id")
    if said.get("article_type") == "newspic":
        fields |= {"article_type": "newspic", "images": pictures[:NEWSPIC_IMAGES] or None}
    elif isinstance(cover, str) and cover:
        fields["cover"] = cover[:_MAX_TEXT_CHARS]
    return fields


def _pictures(said: dict[str, Any]) -> list[str]:
    """The media_ids of a newspic."""
    info = said.get("image_info")
    listed = info.get("image_list") if isinstance(info, dict) else None
    return [
        image["image_media_id"][:_MAX_TEXT_CHARS]
        for image in (listed if isinstance(listed, list) else ())
        if isinstance(image, dict)
        and isinstance(image.get("image_media_id"), str)
        and image["image_media_id"]
    ]
