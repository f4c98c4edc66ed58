import re
from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_A_DAY = timedelta(days=1)


def _hours(text: str) -> str:
    found = _HOURS.fullmatch(text)
    if text and (found is None or found.group(1, 2) == found.group(3, 4)):
        raise ValueError("应形如 22:00-08:00 / must look like 22:00-08:00")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            "没有这个时区，应如 Asia/Shanghai / no such zone; give one as Asia/Shanghai"
        ) from None
    return name


Hours = Annotated[str, AfterValidator(_hours)]
ZoneName = Annotated[str, AfterValidator(_zone)]


def quiet_until(hours: str, zone: str, at: float) -> float | None:
    """When the quiet hours end that `at` lies in, Unix time; None: it is not quiet then.

    `hours` is as "22:00-08:00", by the clocks of `zone`. Where these skip the end, it comes when
    they have been put forward; where an end comes twice, the first one counts.
    """
    if not hours:
        return None
    begin, end = (time.fromisoformat(text) for text in hours.split("-"))
    place = ZoneInfo(zone)
    here = datetime.fromtimestamp(at, place)
    for day in (here.date() - _A_DAY, here.date()):
        since = _unix(datetime.combine(day, begin, place))
        last = day if begin < end else day + _A_DAY
        until = _unix(datetime.combine(last, end, place))
        if since <= at < until:
            return until
    return None


def _unix(wall: datetime) -> float:
    return wall.astimezone(UTC).timestamp()
