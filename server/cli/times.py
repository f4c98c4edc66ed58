import re
import time
from datetime import datetime

from server.cli.common import fail, tells_usage_faults

_UNITS_S = {"m": 60, "h": 3_600, "d": 86_400}


def span_s(said: str) -> int | None:
    """The seconds of "7d", "24h" or "30m"; None if it is something else."""
    found = re.fullmatch(r"([0-9]{1,5})([mhd])", said)
    return int(found[1]) * _UNITS_S[found[2]] if found else None


def moment(said: str, option: str, *, ahead: bool) -> float:
    """Unix time of "7d", "24h", "2026-12-01" or RFC 3339; a span counts from now, `ahead` or back.

    A time without an offset is Shanghai's. Ends the command with status 2 if it makes no sense.
    """
    from core.clock import SHANGHAI

    if (seconds := span_s(said)) is not None:
        return time.time() + (seconds if ahead else -seconds)
    try:
        at = datetime.fromisoformat(said)
        return (at if at.tzinfo else at.replace(tzinfo=SHANGHAI)).timestamp()
    except (ValueError, OverflowError):
        fail(
            f"{option} 看不懂：{said}；应如 7d、24h、2026-12-01",
            f"{option} makes no sense: {said}; write 7d, 24h or 2026-12-01",
            code=2,
        )


def late_s(at: str, if_late: str, max_late: str) -> float | None:
    """How late something is still done that was to be done `at`; None: however late.

    Ends the command with status 2 if it makes no sense.
    """
    from wxgate_client.lateness import skip_late_s

    with tells_usage_faults():
        return skip_late_s(at, if_late, max_late)


def in_shanghai(rfc3339: str) -> str:
    """A time of ours as people at this gateway read it."""
    from core.clock import SHANGHAI

    return datetime.fromisoformat(rfc3339).astimezone(SHANGHAI).isoformat(" ", "seconds")
