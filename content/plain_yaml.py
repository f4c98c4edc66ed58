"""YAML as plain values: texts, lists and mappings of texts, nothing else.

It reads YAML's events and builds no objects: aliases (bombs) and tags have nothing to work on, and
`title: no` stays the text "no".
"""

from collections.abc import Iterator
from typing import TypeAlias

import yaml

from content.refusals import FrontMatterInvalid

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"  # None: YAML's null

_MAX_BYTES = 16_384
_MAX_DEPTH = 8
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def read_plain(text: str) -> Plain:
    """The value that `text` is; each scalar as written, without the spaces around it.

    Of a mapping, pairs whose key is no text are left out. Raises FrontMatterInvalid for what is no
    YAML, over 16 KB or nested deeper than 8, and for aliases.
    """
    if len(text.encode()) > _MAX_BYTES:
        raise _invalid(f"> {_MAX_BYTES} bytes")
    try:
        return _document(_events(text))
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        raise _invalid(f"line {mark.line + 2}" if mark else "not YAML") from None


def _events(text: str) -> Iterator[yaml.Event]:
    """One at a time: to read on in what is nested without end costs PyYAML quadratic time."""
    framing = (yaml.StreamStartEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _invalid("alias")
        if not isinstance(event, framing):
            yield event


def _document(events: Iterator[yaml.Event]) -> Plain:
    first = next(events)
    if isinstance(first, yaml.StreamEndEvent):
        return None
    value = _value(first, events, _MAX_DEPTH)
    if not isinstance(next(events), yaml.StreamEndEvent):
        raise _invalid("one document")
    return value


def _value(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Plain:
    """What begins with `event`; `depth` more levels may be nested in each other."""
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if depth == 0:
        raise _invalid("nesting")
    values: list[Plain] = []
    for following in events:
        if isinstance(following, yaml.CollectionEndEvent):
            break
        values.append(_value(following, events, depth - 1))
    if isinstance(event, yaml.SequenceStartEvent):
        return values
    pairs = zip(values[::2], values[1::2], strict=True)
    return {key: value for key, value in pairs if isinstance(key, str)}


def _scalar(scalar: yaml.ScalarEvent) -> str | None:
    if scalar.implicit[0] and scalar.value in _NULLS:  # in quotes it is text
        return None
    try:
        # Each escaped surrogate pair is the one character that it means.
        whole = scalar.value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise _invalid("half a character (\\ud800 …)") from None
    return whole.strip()


def _invalid(reason: str) -> FrontMatterInvalid:
    return FrontMatterInvalid(field="markdown", reason=reason)
