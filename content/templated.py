"""What a template wrote, as the Markdown of an article. Runs in a worker process."""

import json
import re
from collections.abc import Callable
from typing import Any

from content.plain_yaml import Plain, read_plain
from content.steps.front_matter import FRONT_MATTER
from templates.fill import Filled, fill

# All that means something in our Markdown or in HTML. As character references they are plain text
# wherever one stands: in text, in a link's address or title, in an attribute.
_ACTIVE = re.compile(
    r"[\\`*_{}\[\]()<>#!|~&\"$=^]"
    r"|:(?=[^\s\d])"  # emoji by name, and the links that addresses become
    r"|(?:^|(?<=-))-|^\+|^[ \t]+|(?<=[0-9])\.(?= )",  # what a line may begin with
    re.MULTILINE,
)

_PLAIN_KEY = re.compile("[a-z][a-z_]{2,40}")


def fill_template(arguments: dict[str, Any], _body: bytes = b"") -> tuple[dict[str, Any], bytes]:
    """The Markdown that a template of articles makes; messages are in content/message.py.

    Raises TemplateFailed and FrontMatterInvalid.
    """
    return {"text": _article(fill(arguments))}, b""


def as_text(value: str) -> str:
    """Markdown that shows `value` as it was typed."""
    return _ACTIVE.sub(lambda found: "".join(f"&#{ord(char)};" for char in found[0]), value)


def _article(filled: Filled) -> str:
    """Values go into the front matter as they are, once its YAML has been read."""
    text, put_back = filled.text, filled.marks.put_back
    found = FRONT_MATTER.match(text)
    values = read_plain(found.group(1)) if found else None
    if found is None or not isinstance(values, dict | None):
        return put_back(text, as_text)
    front = _each_text(values or {}, lambda said: put_back(said, str))
    assert isinstance(front, dict)  # noqa: S101 - as it came
    lines = [f"{_key(name)}: {_scalar(value)}\n" for name, value in front.items()]
    return "".join(["---\n", *lines, "---\n", put_back(text[found.end() :], as_text)])


def _key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) else _scalar(name)


def _scalar(value: Plain) -> str:
    return json.dumps(value, ensure_ascii=False)  # JSON is YAML, on one line


def _each_text(value: Plain, change: Callable[[str], str]) -> Plain:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    if isinstance(value, dict):
        return {change(name): _each_text(item, change) for name, item in value.items()}
    return None
