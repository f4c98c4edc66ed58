import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Never, Self

import structlog
from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.errors import GatewayError, Text
from core.metrics import Metrics
from notify.events import EventName
from notify.happening import Happening, Tell
from store.for_ever import for_ever

log = structlog.get_logger(__name__)

# Percent below a mark from which on it is over: at the mark itself it would come and go.
_CALM = 1.0
_RETRY_AFTER_S = 60


class DiskSettings(BaseModel):
    """`[disk]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    near_percent: float = Field(
        80, gt=0, le=100, description="people are told when so much of data_dir's disk is used"
    )
    full_percent: float = Field(
        95,
        gt=0,
        le=100,
        description="from here on new uploads and batches are refused with 503; jobs go on",
    )
    check_s: float = Field(15, ge=0.1, le=3_600, description="how often the disk is looked at")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.near_percent > self.full_percent:
            raise ValueError(
                "near_percent 不能大于 full_percent / near_percent must not exceed full_percent"
            )
        return self


class DiskFull(GatewayError):
    """There is little room left on the disk; it is kept for the jobs that were accepted."""

    status = 503
    code = "disk_full"
    category = "system"
    level = "critical"
    retryable = True
    message = Text(
        "磁盘已用 {percent}%，暂不接收新的上传与批量",
        "{percent} % of the disk is used: no new uploads and batches for now",
    )
    hint = Text(
        "清理 data_dir 所在的磁盘；已收下的任务继续，低于 [disk] full_percent 后自动恢复",
        "free space on the disk of data_dir; accepted jobs go on, and below [disk] full_percent "
        "all is taken again",
    )


RequireRoom = Callable[[], None]


def plenty() -> None:
    """A RequireRoom where nobody looks."""


class DiskWatch:
    """Looks how full the disk of `data_dir` is, tells people, and keeps new data off a full one.

    Each process looks for itself; those of one machine tell of one thing.
    """

    def __init__(
        self,
        directory: Path,
        settings: DiskSettings,
        tell: Tell,
        metrics: Metrics,
        *,
        host: str,
    ) -> None:
        self._directory = directory
        self.settings = settings  # exchanged when the configuration is
        self._tell = tell
        self._metrics = metrics
        self._host = host
        self._percent = 0.0
        self._reached: dict[EventName, bool | None] = {"disk.near": None, "disk.full": None}

    async def run(self) -> Never:
        """Look now and then."""
        await for_ever(
            self.look,
            every_s=lambda: self.settings.check_s,
            first_s=self.settings.check_s,
            failed="disk not looked at",
        )

    def require_room(self) -> None:
        """Raises DiskFull."""
        if self._reached["disk.full"]:
            raise DiskFull(percent=round(self._percent, 1), retry_after_s=_RETRY_AFTER_S)

    async def look(self) -> None:
        """See how it is now."""
        try:
            # Of a network disk whose server is away the answer may take for ever.
            used = await asyncio.to_thread(shutil.disk_usage, self._directory)
        except OSError as exc:
            log.warning("disk not looked at", reason=exc.strerror)
            return
        # As df counts: what only root may use is neither used nor free.
        self._percent = 100 * used.used / max(1, used.used + used.free)
        self._metrics.disk_used.set(self._percent / 100)
        self._judge("disk.near", self.settings.near_percent, used.free)
        self._judge("disk.full", self.settings.full_percent, used.free)

    def _judge(self, event: EventName, mark: float, free_bytes: int) -> None:
        before = self._reached[event]
        reached = self._percent >= (mark - _CALM if before else mark)
        self._reached[event] = reached
        if reached or before != reached:  # its end may have been missed by an earlier process
            data = {
                "host": self._host,
                "path": str(self._directory),
                "percent": round(self._percent, 1),
                "free": f"{free_bytes / 1e9:.1f} GB",
            }
            key = f"{self._host} {self._directory}"
            self._tell(Happening(event=event, key=key, data=data, over=not reached))
        if reached and not before:
            log.error("disk fills up", mark=mark, percent=round(self._percent, 1))
