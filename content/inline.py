"""Pictures written into the fields of an article, made files that came along."""

import asyncio
from binascii import Error, a2b_base64
from collections.abc import Mapping
from hashlib import sha256
from typing import TypeVar

from content.fields import ArticleFields, DraftFields
from content.pictures.source import source_kind

Fields = TypeVar("Fields", bound=ArticleFields)

# Shorter ones may stay: every step on the way of an article reads its fields, as JSON.
_STAYS_CHARS = 200_000
_SLICE_CHARS = 1_000_000  # decoded at a time: it holds up all other threads


async def without_inline(
    fields: DraftFields, files: Mapping[str, bytes]
) -> tuple[DraftFields, dict[str, bytes]]:
    """`fields` with short names for long base64 data: URIs in them, and all files.

    What is no clean base64 stays where it is, for the judgement that all pictures get.
    """
    found = dict(files)
    if fields.articles is None:
        return await _without(fields, found), found
    each = [await _without(article, found) for article in fields.articles]
    return fields.model_copy(update={"articles": tuple(each)}), found


async def _without(fields: Fields, files: dict[str, bytes]) -> Fields:
    update: dict[str, object] = {}
    if fields.cover is not None:
        update["cover"] = await _name(fields.cover, files)
    if fields.images is not None:
        update["images"] = tuple([await _name(src, files) for src in fields.images])
    return fields.model_copy(update=update)


async def _name(src: str, files: dict[str, bytes]) -> str:
    """The name under which the picture `src` is among `files` now, or `src` itself."""
    head, _, body = src.partition(",")
    is_base64 = source_kind(src) == "data" and head.lower().endswith(";base64")
    if len(src) <= _STAYS_CHARS or not is_base64:
        return src
    data = await _decoded(body)
    if data is None:
        return src
    name = f"inline-{(await asyncio.to_thread(sha256, data)).hexdigest()[:32]}.image"
    files[name] = data
    return name


async def _decoded(body: str) -> bytes | None:
    if "=" in body[:-2]:
        return None
    parts = []
    try:
        for at in range(0, len(body), _SLICE_CHARS):
            parts.append(a2b_base64(body[at : at + _SLICE_CHARS], strict_mode=True))
            await asyncio.sleep(0)
    except (Error, ValueError):
        return None
    return b"".join(parts)
