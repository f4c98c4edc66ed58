from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from notify.message import Severity

Seconds = Annotated[float, Field(gt=0, le=2_592_000)]
Share = Annotated[float, Field(ge=0, le=1)]


class AlertSettings(BaseModel):
    """`[alerts]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calm_s: float = Field(
        120,
        ge=0,
        le=86_400,
        description="an alert is over when it was not seen again for so long after its end; twice "
        "as long each time it came back",
    )
    reopen_within_s: float = Field(
        3_600, ge=0, le=604_800, description="what comes back within this time is the same alert"
    )
    escalate_after_s: tuple[Seconds, ...] = Field(
        (900, 3_600),
        max_length=5,
        description="unacknowledged for so long, it is told as alert.escalated; empty: never",
    )
    escalate_from: Severity = Field("error", description="this severity and worse are escalated")
    keep_s: float = Field(
        7_776_000, ge=86_400, description="how long resolved alerts and ended silences are kept"
    )
    window_s: int = Field(
        600, ge=300, le=3_600, description="calls of so long are judged together, every minute"
    )
    min_calls: int = Field(20, ge=1, description="an account with fewer in window_s is not judged")
    error_rate: Share = Field(
        0.2, description="alert when this share of an account's calls fails; 0: never"
    )
    latency_ms: float = Field(3_000, gt=0, description="a call that takes longer is slow")
    slow_rate: Share = Field(0.2, description="alert when this share of calls is slow; 0: never")
    anomaly_score: float = Field(
        6,
        ge=0,
        description="alert when an hour's calls are so many deviations from what is usual at that "
        "time of day; 0: never",
    )
    anomaly_min_calls: int = Field(
        50, ge=1, description="an hour with fewer calls, and usually fewer, is not judged"
    )
    anomaly_min_days: int = Field(
        7, ge=3, le=28, description="an account with a shorter history is not judged"
    )

    @field_validator("escalate_after_s")
    @classmethod
    def _grow(cls, seconds: tuple[float, ...]) -> tuple[float, ...]:
        if list(seconds) != sorted(set(seconds)):
            raise ValueError("应从小到大 / must grow from one to the next")
        return seconds
