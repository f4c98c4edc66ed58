from dataclasses import dataclass
from typing import Any, Literal

from core.errors import GatewayError, Text
from jobs.states import LAST_EFFECT
from store import intents
from store.engine import Database
from store.jobs import JobHead

IfLate = Literal["publish", "skip"]


class PublishTooLate(GatewayError):
    """Its time has passed by more than its sender allows."""

    status = 409
    code = "publish_too_late"
    category = "params"
    level = "warning"
    message = Text(
        "已过时限，按 if_late: skip 没有发出", "its time is over; not sent, as if_late: skip says"
    )
    hint = Text(
        "仍要发布就用 /retry；要允许晚发，用 if_late: publish 或调大 max_late_s",
        "to have it done all the same, /retry; to allow for delays, if_late: publish or a larger "
        "max_late_s",
    )


@dataclass(frozen=True, slots=True)
class LatePolicy:
    """What becomes of something that cannot be done at its time."""

    if_late: IfLate = "publish"
    max_late_s: float = 3_600  # with `skip`: later than that it is not done

    def skip_after(self, due_at: float) -> float | None:
        """Until when it may be sent; None: whenever that may be."""
        return due_at + self.max_late_s if self.if_late == "skip" else None

    def said(self) -> dict[str, Any]:
        """What of it makes one order another than the next."""
        return {"max_late_s": self.max_late_s} if self.if_late == "skip" else {}


async def is_too_late(database: Database, row: JobHead, now: float) -> bool:
    """Whether the job's time is over before what it is for was sent."""
    if row.skip_after is None or now <= row.skip_after:
        return False
    effect = LAST_EFFECT.get(row.action)
    if effect is None:
        return True
    async with database.read() as connection:
        return not await intents.has_passed(connection, row.id, effect)
