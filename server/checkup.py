import asyncio
import time
from collections.abc import Callable
from typing import Any

from core.clock import Clock, rfc3339
from core.errors import Text
from server.checks import behind_unnamed_proxy
from server.doctor import Doctor
from server.findings import Finding, fail, worst

_DEADLINE_S = 20.0
_KEPT_S = 5.0


class Checkup:
    """The doctor of a running gateway: one examination at a time, kept 5 s, 20 s at most."""

    def __init__(
        self,
        doctor: Doctor,
        configuration: Callable[[], Finding],
        *,
        trusts_proxies: bool,
        deadline_s: float = _DEADLINE_S,
        clock: Clock = time.time,
    ) -> None:
        self._doctor = doctor
        self._configuration = configuration
        self._trusts_proxies = trusts_proxies
        self._deadline_s = deadline_s
        self._clock = clock
        self._turn = asyncio.Lock()
        self._findings: tuple[Finding, ...] = ()
        self._checked_at = 0.0

    async def report(self, *, forwarded_by: str | None) -> dict[str, Any]:
        """All findings; `forwarded_by` is the peer of a request that came through a proxy."""
        async with self._turn:
            if self._clock() - self._checked_at >= _KEPT_S:
                self._findings = tuple(await self._examine())
                self._checked_at = self._clock()
        findings = (self._configuration(), *self._findings)
        if forwarded_by is not None and not self._trusts_proxies:
            findings = (*findings, behind_unnamed_proxy(forwarded_by))
        return {
            "status": worst(findings),
            "checked_at": rfc3339(self._checked_at),
            "findings": [finding.plain() for finding in findings],
        }

    async def _examine(self) -> list[Finding]:
        found: list[Finding] = []
        try:
            async with asyncio.timeout(self._deadline_s):
                async for finding in self._doctor.examine():
                    found.append(finding)  # noqa: PERF401 - what was found before the end counts
        except TimeoutError:
            found.append(
                fail(
                    "deadline",
                    Text(
                        f"{self._deadline_s:g} 秒内没有查完",
                        f"not done within {self._deadline_s:g} s",
                    ),
                    Text(
                        "最后一项之后的没有查；先处理上面的问题，或在命令行运行 wxgate doctor",
                        "what comes after the last finding was not looked at; "
                        "mend what is above, or run wxgate doctor",
                    ),
                )
            )
        return found
