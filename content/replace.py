import asyncio
import re
from collections.abc import Container, Mapping
from html import escape, unescape

_REPLACED_HERE_CHARS = 20_000  # more takes a thread: a tag costs the loop about 1 µs
# The sanitizer writes `<` bare in attribute values, so every tag is read, not the pictures' alone.
# It matches at every `<` and tries nothing twice (`++`), or a run of `<img` took quadratic time.
_TAG = re.compile(r'<(?:[^">]++|"[^"]*+")*+>?')
_ATTRIBUTE = re.compile(r'([^\s"=]++)="([^"]*+)"')
# As steps/backgrounds.py writes them: the rest of a style is no business of ours.
_BACKGROUND = re.compile(r'url\("([^"\\]*)"\)')
_DECLARATION = re.compile(r"""(?:[^;"]|"[^"]*")+;?""")


async def with_urls(
    content: str, urls: Mapping[str, str], gone: Container[str] = frozenset()
) -> str:
    """`replace_images` off the event loop, where it is long."""
    if len(content) <= _REPLACED_HERE_CHARS:
        return replace_images(content, urls, gone)
    return await asyncio.to_thread(replace_images, content, urls, gone)


def replace_images(
    content: str, urls: Mapping[str, str], gone: Container[str] = frozenset()
) -> str:
    """`content` with each picture in `urls` replaced.

    A declaration of a style is left out whose picture is in `gone` and not in `urls`.
    """

    def replace_in(tag: re.Match[str]) -> str:
        text = tag.group()
        if text.startswith("<img "):
            text = _ATTRIBUTE.sub(replace_src, text)
        return _ATTRIBUTE.sub(replace_style, text) if "url(" in text else text

    def replace_src(found: re.Match[str]) -> str:
        name, value = found.groups()
        url = urls.get(unescape(value)) if name == "src" else None
        return found.group() if url is None else f'src="{escape(url)}"'

    def replace_style(found: re.Match[str]) -> str:
        name, value = found.groups()
        if name != "style" or "url(" not in value:
            return found.group()
        style = "".join(map(replace_pictures, _DECLARATION.findall(unescape(value))))
        quoted = escape(style, quote=False).replace('"', "&quot;")
        return f'style="{quoted}"'

    def replace_pictures(declaration: str) -> str:
        pictures = _BACKGROUND.findall(declaration)
        if any(src in gone and src not in urls for src in pictures):
            return ""
        return _BACKGROUND.sub(lambda found: f'url("{urls.get(found[1], found[1])}")', declaration)

    return _TAG.sub(replace_in, content)
