import re
from datetime import datetime

from core.errors import GatewayError, Text

_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_PAST_S = 300  # so late still means now
_AHEAD_S = 366 * 86_400


class PublishAtInvalid(GatewayError):
    """The time is not one that the job can be done at."""

    status = 422
    code = "publish_at_invalid"
    category = "params"
    message = Text("publish_at 无效：{reason}", "publish_at is invalid: {reason_en}")
    hint = Text(
        "用带时区的 RFC 3339 时间，例如 2026-12-01T08:00:00+08:00",
        "give RFC 3339 with an offset, such as 2026-12-01T08:00:00+08:00",
    )


def parse_publish_at(text: str, *, now: float) -> float:
    """`read_publish_at`, then `check_publish_at`."""
    at = read_publish_at(text)
    check_publish_at(at, now=now)
    return at


def read_publish_at(text: str) -> float:
    """Unix time of an RFC 3339 time with offset. Raises PublishAtInvalid."""
    if not _RFC3339.fullmatch(text):
        raise _invalid("不是带时区的 RFC 3339 时间", "not RFC 3339 with an offset")
    try:
        return datetime.fromisoformat(text.upper()).timestamp()
    except ValueError:
        raise _invalid("没有这个时间", "there is no such time") from None


def check_publish_at(at: float, *, now: float) -> None:
    """Raise PublishAtInvalid if it is more than a year ahead, or past by more than 5 minutes.

    Less than that in the past means now.
    """
    if at < now - _PAST_S:
        raise _invalid("时间已过去超过 5 分钟", "more than 5 minutes in the past")
    if at > now + _AHEAD_S:
        raise _invalid("超过一年以后", "more than a year ahead")


def _invalid(reason: str, reason_en: str) -> PublishAtInvalid:
    return PublishAtInvalid(field="publish_at", reason=reason, reason_en=reason_en)
