import asyncio
import re
from collections.abc import Mapping
from html import escape, unescape

_REPLACED_HERE_CHARS = 20_000  # more takes a thread: a tag costs the loop about 1 µs
# The sanitizer writes `<` bare in attribute values, so every tag is read, not the pictures' alone.
# It matches at every `<` and tries nothing twice (`++`), or a run of `<img` took quadratic time.
_TAG = re.compile(r'<(img\b)?(?:[^">]++|"[^"]*+")*+>?')
_ATTRIBUTE = re.compile(r'([^\s"=]++)="([^"]*+)"')


async def with_urls(content: str, urls: Mapping[str, str]) -> str:
    """`replace_images` off the event loop, where it is long."""
    if len(content) <= _REPLACED_HERE_CHARS:
        return replace_images(content, urls)
    return await asyncio.to_thread(replace_images, content, urls)


def replace_images(content: str, urls: Mapping[str, str]) -> str:
    """`content` with the src of each picture in `urls` replaced."""

    def replace_src(found: re.Match[str]) -> str:
        name, value = found.groups()
        url = urls.get(unescape(value)) if name == "src" else None
        return found.group() if url is None else f'src="{escape(url)}"'

    def replace_in(tag: re.Match[str]) -> str:
        return _ATTRIBUTE.sub(replace_src, tag.group()) if tag.group(1) else tag.group()

    return _TAG.sub(replace_in, content)
