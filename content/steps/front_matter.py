import re

import yaml

from content.manuscript import Manuscript
from content.refusals import FrontMatterInvalid

_MAX_BYTES = 16_384
_MAX_DEPTH = 8
_BLOCK = re.compile(
    r"\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_TEXTS = frozenset(
    {"title", "author", "digest", "cover", "content_source_url", "theme", "code_theme"}
)
_SWITCHES = frozenset({"need_open_comment", "only_fans_can_comment"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_SWITCH_VALUES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0", ""), False),
}


def take_front_matter(manuscript: Manuscript) -> None:
    """Move the article's fields from a leading YAML block into the manuscript.

    What the caller sent wins. Other names (tags, date …) are a blog's business and ignored.
    """
    found = _BLOCK.match(manuscript.text) if manuscript.is_markdown else None
    if found is None:
        return
    if len(found.group(1).encode()) > _MAX_BYTES:
        raise FrontMatterInvalid(field="markdown", reason=f"> {_MAX_BYTES} bytes")
    scalars = _top_scalars(found.group(1))
    if scalars is None:
        return
    manuscript.text = manuscript.text[found.end() :]
    for name, value in scalars.items():
        if name in manuscript.fields:
            continue
        if name in _TEXTS and value:
            manuscript.fields[name] = value
        elif name in _SWITCHES:
            manuscript.fields[name] = _switch(name, value)


def _switch(name: str, value: str) -> bool:
    try:
        return _SWITCH_VALUES[value.lower()]
    except KeyError:
        raise FrontMatterInvalid(field=name, reason=f"{name}: true / false") from None


def _top_scalars(text: str) -> dict[str, str] | None:
    """The plain values of the top mapping, as written; None when it is no mapping.

    Reads YAML's events and builds no objects: aliases (bombs) and tags have nothing to work on,
    and `title: no` stays the text "no".
    """
    try:
        events = list(yaml.parse(text, Loader=yaml.BaseLoader))
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        reason = f"line {mark.line + 2}" if mark else "not YAML"
        raise FrontMatterInvalid(field="markdown", reason=reason) from None
    content = events[2:-2]  # between the start and end of stream and document
    if not content or not isinstance(content[0], yaml.MappingStartEvent):
        return None if content else {}
    if any(isinstance(event, yaml.AliasEvent) for event in content):
        raise FrontMatterInvalid(field="markdown", reason="alias")
    return _read_mapping(content[1:-1])


def _read_mapping(events: list[yaml.Event]) -> dict[str, str]:
    scalars: dict[str, str] = {}
    depth = 0
    name: str | None = None  # of the value that comes next
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise FrontMatterInvalid(field="markdown", reason="nesting")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            if depth == 0:
                name = None
        elif depth == 0 and isinstance(event, yaml.ScalarEvent):
            if name is None:
                name = event.value
            else:
                if not _is_absent(event):
                    scalars[name] = _whole(event.value).strip()
                name = None
    return scalars


def _is_absent(scalar: yaml.ScalarEvent) -> bool:
    """Whether it is YAML's null: `title:`, `title: ~`; in quotes it is text."""
    return bool(scalar.implicit[0]) and scalar.value in _NULLS


def _whole(value: str) -> str:
    """`value` with each escaped surrogate pair as the one character that it means."""
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise FrontMatterInvalid(field="markdown", reason="half a character (\\ud800 …)") from None
