"""What becomes of something that cannot be done at its time, as a person says it."""

import re
from datetime import timedelta

from wxgate_client.session import UsageFault

LATE = "1h"  # as a gateway has it where nothing is said
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def skip_late_s(at: str, if_late: str, max_late: str) -> float | None:
    """How late (seconds) it is still done; None: however late. Raises UsageFault.

    `if_late` is "skip", or else it is done all the same; `max_late` is as "30m", "" for an hour.
    """
    if if_late != "skip":
        if max_late:
            raise UsageFault(
                "--max-late 要和 --if-late skip 一起用", "--max-late wants --if-late skip"
            )
        return None
    if not at:
        raise UsageFault("--if-late skip 要和 --at 一起用", "--if-late skip wants --at")
    return _span_s(max_late or LATE)


def _span_s(said: str) -> float:
    """Seconds of "90s", "30m", "2h" or "1d", within what a gateway takes. Raises UsageFault."""
    found = re.fullmatch(r"([0-9]{1,8})([smhd])", said, re.ASCII)
    span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta(minutes=1) <= span <= timedelta(days=366):
        raise UsageFault(
            f"--max-late 应如 90s、30m、2h、1d，一分钟到一年：{said}",
            f"--max-late wants 90s, 30m, 2h or 1d, from a minute to a year: {said}",
        )
    return span.total_seconds()
