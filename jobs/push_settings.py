from pydantic import BaseModel, ConfigDict, Field

from cache.rates import RateText
from jobs.settings import Seconds


class CallbackSettings(BaseModel):
    """`[callback]` of the configuration: what WeChat pushes to /callback/{account}."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tolerance_s: float = Field(
        600, gt=0, description="how far the time in a push may be from ours; else it is refused"
    )
    rate_limit: RateText = Field(
        "6000/minute", description="pushes from one address, in each process; none: any number"
    )
    keep_s: float = Field(604_800, ge=86_400, description="how long what was pushed is kept")


class WebhookSettings(BaseModel):
    """`[webhooks]` of the configuration: who is told of jobs and pushes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timeout_s: float = Field(10, gt=0, le=60, description="for one delivery, answer included")
    concurrency: int = Field(8, ge=1, le=64, description="deliveries at once, per process")
    sweep_s: float = Field(1, gt=0, description="how often due deliveries are looked for")
    retry_after_s: tuple[Seconds, ...] = Field(
        (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800),
        min_length=1,
        description="the pauses after failed attempts; after the last one it is given up",
    )
    keep_s: float = Field(604_800, ge=0, description="how long deliveries are kept to be looked at")
    max_per_client: int = Field(20, ge=1, description="webhooks a client may have")
