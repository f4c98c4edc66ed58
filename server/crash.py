import os
import signal
from collections.abc import Mapping

import structlog

from core.crash import CrashPoint, no_crash
from proxy.upstream import is_loopback
from server.settings import Settings

log = structlog.get_logger(__name__)

# The name of a point of jobs/crash_points.py, or `sent:<API path>`; " SIGSTOP" behind it lets the
# process sleep there. For tests alone.
VARIABLE = "WXGATE_CRASH_AT"


def armed_crash(settings: Settings, environ: Mapping[str, str] = os.environ) -> CrashPoint:
    """Kills or stops this process at the place that the environment names, as `kill` would.

    Only where every upstream is on this machine, a sandbox: never in front of WeChat.
    """
    wanted, _, how = environ.get(VARIABLE, "").partition(" ")
    sign = signal.SIGSTOP if how == "SIGSTOP" else signal.SIGKILL
    if not wanted or not all(is_loopback(url) for url in settings.upstream.base_urls):
        return no_crash
    log.warning("crash point armed", at=wanted)

    def crash(name: str, /) -> None:
        if name == wanted:
            os.kill(os.getpid(), sign)

    return crash
