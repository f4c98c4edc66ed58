"""When something recurs: cron expressions of five fields, in a time zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from core.errors import GatewayError, Text

DEFAULT_ZONE = "Asia/Shanghai"
_MAX_CHARS = 120
_PLAIN = re.compile(r"[0-9A-Za-z*,/#\- ]+")
_FIELDS = 5
_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# So many times in a row are looked at for two that are too close: over a day of every 15 minutes.
_GAPS_LOOKED_AT = 200
_MAX_COUNTED = 1_000


class CronInvalid(GatewayError):
    """The cron expression says nothing that can be kept to."""

    status = 422
    code = "cron_invalid"
    category = "params"
    message = Text("cron 无效：{reason}", "cron is invalid: {reason_en}")
    hint = Text(
        "五段：分 时 日 月 周，例如 0 8 * * 1-5（工作日 8:00），或 @daily、@weekly、@monthly",
        "five fields: minute hour day month weekday, such as 0 8 * * 1-5 (8:00 on working days), "
        "or @daily, @weekly, @monthly",
    )


class CronTooOften(GatewayError):
    """The times of the cron expression are closer than the gateway allows."""

    status = 422
    code = "cron_too_often"
    category = "params"
    message = Text(
        "cron 太频繁：相隔 {gap_s} 秒，至少要 {least_s} 秒",
        "too often: {gap_s} s between two times, {least_s} s is the least",
    )
    hint = Text(
        "减少次数；管理员可调小 jobs.min_interval_s", "an operator may lower jobs.min_interval_s"
    )


class TimezoneUnknown(GatewayError):
    """No such time zone."""

    status = 422
    code = "timezone_unknown"
    category = "params"
    message = Text("没有这个时区：{zone}", "no such time zone: {zone}")
    hint = Text(
        "用 IANA 名称，例如 Asia/Shanghai、Europe/Berlin、UTC",
        "give its IANA name, such as Asia/Shanghai, Europe/Berlin, UTC",
    )


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A checked cron expression in its zone; all times are Unix seconds.

    Where clocks are put forward, a time that is left out comes when they have been; where they
    are put back, a time of day comes once, and "every n minutes" goes on as time does.
    """

    cron: str  # as it was written
    zone: str

    @classmethod
    def parse(cls, cron: str, zone: str, *, now: float, least_s: float) -> Self:
        """Raises CronInvalid (also of what never comes), CronTooOften, TimezoneUnknown."""
        check_zone(zone)
        if not 0 < len(cron) <= _MAX_CHARS:
            raise _invalid(f"应为 1–{_MAX_CHARS} 个字符", f"1 to {_MAX_CHARS} characters")
        expression = _NAMES.get(cron.lower(), cron)
        if not _PLAIN.fullmatch(expression) or len(expression.split()) != _FIELDS:
            raise _invalid("应为五段：分 时 日 月 周", "it needs five fields")
        recurrence = cls(cron, zone)
        try:
            times = list(islice(recurrence.after(now), _GAPS_LOOKED_AT))
        except CronSimError as exc:
            raise _invalid(str(exc), str(exc)) from None
        if not times:
            raise _invalid("永远不会到这个时间", "such a time never comes")
        gap_s = min((later - earlier for earlier, later in pairwise(times)), default=least_s)
        if gap_s < least_s:
            raise CronTooOften(field="cron", gap_s=f"{gap_s:g}", least_s=f"{least_s:g}")
        return recurrence

    def after(self, at: float) -> Iterator[float]:
        """Its times after `at`, each later than the one before."""
        for time in self._times(at, reverse=False):
            # Two times that a change of the clock leaves out would come as one.
            if time > at:
                yield time
                at = time

    def next(self, at: float) -> float | None:
        """The first time after `at`; None: there is none within 50 years."""
        return next(self.after(at), None)

    def newest(self, since: float, now: float) -> tuple[float, int]:
        """Of the times from `since`, which is one, to `now`: the last, and how many came before.

        Of more than 1 000 no more are counted.
        """
        missed = 0
        for time in islice(self.after(since), _MAX_COUNTED):
            if time > now:
                return since, missed
            since, missed = time, missed + 1
        last = next((time for time in self._times(now + 1, reverse=True) if time <= now), since)
        return max(since, last), missed

    def _times(self, at: float, *, reverse: bool) -> Iterator[float]:
        start = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(self.zone))
        expression = _NAMES.get(self.cron.lower(), self.cron)
        return (time.timestamp() for time in CronSim(expression, start, reverse=reverse))


def check_zone(zone: str) -> None:
    """Raise TimezoneUnknown unless there is such a zone."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimezoneUnknown(field="timezone", zone=zone[:64]) from None


def _invalid(reason: str, reason_en: str) -> CronInvalid:
    return CronInvalid(field="cron", reason=reason, reason_en=reason_en)
