import re

from pydantic import ValidationError

from content.manuscript import Manuscript
from content.options import RenderOptions
from content.plain_yaml import Plain, read_plain
from content.refusals import FrontMatterInvalid

FRONT_MATTER = re.compile(
    r"\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)
_TEXTS = frozenset(
    {"title", "author", "digest", "cover", "content_source_url", "theme", "code_theme"}
)
_SWITCHES = frozenset({"need_open_comment", "only_fans_can_comment"})
_SWITCH_VALUES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0", ""), False),
}


def take_front_matter(manuscript: Manuscript) -> None:
    """Move the article's fields from a leading YAML block into the manuscript.

    What the caller sent wins. Other names (tags, date …) are a blog's business; steps that need
    more find all of it in `manuscript.front_matter`.
    """
    found = FRONT_MATTER.match(manuscript.text) if manuscript.is_markdown else None
    if found is None:
        return
    values = read_plain(found.group(1))
    if values is not None and not isinstance(values, dict):
        return  # a text between two rules
    manuscript.text = manuscript.text[found.end() :]
    manuscript.front_matter = values or {}
    for name, value in manuscript.front_matter.items():
        if name in manuscript.fields or not isinstance(value, str):
            continue
        if name in _TEXTS and value:
            manuscript.fields[name] = value
        elif name in _SWITCHES:
            manuscript.fields[name] = _switch(name, value)
    options = _options(manuscript.front_matter.get("options"))
    manuscript.given_options = {**options, **manuscript.given_options}


def _options(values: Plain) -> dict[str, object]:
    if values is None:
        return {}
    if isinstance(values, dict):
        values = {name: value for name, value in values.items() if value is not None}
    try:
        return RenderOptions.model_validate(values).given()
    except ValidationError as exc:
        fault = exc.errors()[0]
        at = ".".join(str(part) for part in ("options", *fault["loc"]))[:80]
        reason = f"{at}: {fault['msg'].removeprefix('Value error, ')}"
        raise FrontMatterInvalid(field="options", reason=reason[:200]) from None


def _switch(name: str, value: str) -> bool:
    try:
        return _SWITCH_VALUES[value.lower()]
    except KeyError:
        raise FrontMatterInvalid(field=name, reason=f"{name}: true / false") from None
