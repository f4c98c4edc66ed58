"""What a message template wrote, in the forms that channels show. Runs in a worker process."""

import re
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt

from content.manuscript import Body
from content.plain_text import plain_text
from content.plain_yaml import read_plain
from content.steps.front_matter import FRONT_MATTER
from templates.fill import Filled, fill
from templates.marks import Marks

_MAX_SUBJECT_CHARS = 200
_TAG = re.compile(r"<[^>]*>")
_URL = re.compile(r"https?://\S+")
# What makes links, pictures, code and calls to somebody in one chat or another, in a shape that
# looks alike and does nothing: they differ in how they escape, and some know no way.
_ALIKE = str.maketrans({"[": "［", "]": "］", "<": "＜", ">": "＞", "`": "ˋ", "|": "｜"})
_IN_URLS = str.maketrans({char: f"%{ord(char):02X}" for char in "()[]<>`|\"'\\"})
_TAGS = {
    *("p", "br", "hr", "a", "strong", "em", "s", "code", "pre", "blockquote"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def write_message(arguments: dict[str, Any], _body: bytes = b"") -> tuple[dict[str, Any], bytes]:
    """Subject, text, Markdown and HTML of a message; raises TemplateFailed, FrontMatterInvalid.

    Values stand in all of them as text: escaped in HTML, and in Markdown in a shape that no chat
    takes for a link or a mention.
    """
    filled = fill(arguments)
    subject, source = _parts(filled)
    source = filled.marks.put_raw_back(source)
    html = _safe(_with_values(_markdown().render(source), filled.marks))
    text = plain_text(Body(html))
    shown = {
        "subject": _line(filled.marks.put_back(subject, str) or text.split("\n", 1)[0]),
        "markdown": filled.marks.put_back(source, _harmless).strip(),
        "text": text,
        "html": html,
    }
    return shown, b""


def _parts(filled: Filled) -> tuple[str, str]:
    """The subject that the front matter names, if any, and the rest."""
    found = FRONT_MATTER.match(filled.text)
    values = read_plain(found[1]) if found else None
    if found is None or not isinstance(values, dict):
        return "", filled.text
    subject = values.get("subject")
    return (subject if isinstance(subject, str) else ""), filled.text[found.end() :]


def _line(text: str) -> str:
    """One line for the subject: a line break in it would be a header of its own."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _MAX_SUBJECT_CHARS else line[: _MAX_SUBJECT_CHARS - 1] + "…"


def _markdown() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table"])
    md.disable("image")  # mail programs ask before they load one, chats show none
    # A mark stands for a whole value, to be judged once that is in its place.
    md.normalizeLink = lambda url: url  # type: ignore[method-assign]
    md.validateLink = lambda url: url is not None  # type: ignore[method-assign]
    return md


def _harmless(value: str) -> str:
    return value.translate(_IN_URLS if _URL.fullmatch(value) else _ALIKE)


def _with_values(page: str, marks: Marks) -> str:
    """The HTML with its values: in tags as attributes, between them as lines."""
    pieces, end = [], 0
    for tag in _TAG.finditer(page):
        pieces.append(marks.put_back(page[end : tag.start()], _lines))
        pieces.append(marks.put_back(tag[0], escape))
        end = tag.end()
    return "".join([*pieces, marks.put_back(page[end:], _lines)])


def _lines(value: str) -> str:
    return escape(value).replace("\n", "<br>")


def _safe(page: str) -> str:
    attributes = {"a": {"href"}, "ol": {"start"}}
    schemes = {"http", "https", "mailto", "tel"}
    return str(nh3.clean(page, tags=_TAGS, attributes=attributes, url_schemes=schemes)).strip()
