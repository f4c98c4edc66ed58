from typing import Literal

from pydantic import BaseModel, Field

from jobs.lateness import LatePolicy

_YEAR_S = 366 * 86_400
_DEFAULT = LatePolicy()


class LateFields(BaseModel):
    """What becomes of something whose time went by, beside when that is."""

    if_late: Literal["publish", "skip"] = Field(
        _DEFAULT.if_late,
        description="when its time has passed: publish all the same, or skip what is later than "
        "max_late_s",
    )
    max_late_s: float = Field(
        _DEFAULT.max_late_s, ge=60, le=_YEAR_S, description="with skip: how late it may be"
    )

    def late(self) -> LatePolicy:
        """The same as jobs know it."""
        return LatePolicy(self.if_late, self.max_late_s)


class LateChanges(BaseModel):
    """The same, as far as it is to change."""

    if_late: Literal["publish", "skip"] | None = Field(None, description="as at the beginning")
    max_late_s: float | None = Field(None, ge=60, le=_YEAR_S)

    def late(self, before: LatePolicy) -> LatePolicy | None:
        """The policy that follows on `before`; None: that one."""
        if self.if_late is None and self.max_late_s is None:
            return None
        max_late_s = before.max_late_s if self.max_late_s is None else self.max_late_s
        return LatePolicy(self.if_late or before.if_late, max_late_s)
