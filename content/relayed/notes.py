from typing import Literal, NamedTuple

from core.errors import GatewayError, Text


class Note(NamedTuple):
    """Something about a relayed draft or upload that its sender should know."""

    rule: str  # stable, as those of lint
    level: Literal["error", "warning"]
    message: Text
    field: str | None = None  # articles[0].images[2]
    fix: Text | None = None  # what its sender can do


class Cared(NamedTuple):
    """A body after it was looked after, and what was done."""

    body: bytes
    placed: int = 0  # pictures that are at WeChat now
    failed: int = 0  # pictures that are not
    unwrapped: int = 0  # articles without their <html><body> now
    notes: tuple[Note, ...] = ()


NOT_READABLE = Note(
    "enhance_not_readable",
    "warning",
    Text(
        "请求体不是能读懂的草稿，原样转发", "the body is no draft that can be read: sent as it is"
    ),
)
TOO_COMPLEX = Note(
    "enhance_failed",
    "warning",
    Text(
        "草稿过于复杂或网关正忙，原样转发",
        "the draft is too complex, or the gateway too busy: sent as it is",
    ),
)
TOO_LATE = Note(
    "enhance_timeout",
    "warning",
    Text("时间用完，其余部分原样转发", "time was up: the rest was sent as it is"),
)
TOO_MANY_PICTURES = Note(
    "too_many_images",
    "warning",
    Text("图片太多，其余的没有处理", "so many pictures that the rest were left as they are"),
)


def note_of(error: GatewayError, field: str, instead: Text) -> Note:
    """What became of a picture that cannot be had."""
    told = note_on(error, field)
    message = Text(f"{told.message.zh}；{instead.zh}", f"{told.message.en}; {instead.en}")
    return told._replace(rule="image_failed", message=message)


def note_on(
    error: GatewayError, field: str, level: Literal["error", "warning"] = "warning"
) -> Note:
    """What an error says, as a note."""
    values = error.values
    message, fix = (
        Text(text.fill("zh", values), text.fill("en", values))
        for text in (error.message, error.hint)
    )
    return Note(error.code, level, message, field, fix)
