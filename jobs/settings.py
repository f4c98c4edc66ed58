from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0)]


class JobsSettings(BaseModel):
    """`[jobs]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int = Field(8, ge=1, le=256, description="jobs worked on at once, per process")
    per_account: int = Field(
        6, ge=1, description="of those, jobs of one account; the accounts take turns"
    )
    max_waiters: int = Field(
        64,
        ge=0,
        description="calls that are held until a job of the same client is over, per client and "
        "process; one more is told at once how its job stands",
    )
    lease_s: float = Field(
        30, ge=1, description="a job whose process is silent for so long is taken over"
    )
    sweep_s: float = Field(1, gt=0, description="how often due jobs are looked for")
    grace_s: float = Field(
        20, ge=0, description="at the end, how long calls that are under way may take"
    )
    max_starts: int = Field(
        3, ge=1, description="a job that took its process down so often is given up"
    )
    retry_for_s: float = Field(
        3_600, ge=0, description="how long an unreachable WeChat is tried again before giving up"
    )
    retries_per_s: int = Field(
        2,
        ge=1,
        description="of an account's jobs that failed together, how many are tried again in the "
        "same second",
    )
    reconcile_quiet_s: float = Field(
        600,
        gt=0,
        description="after a lost answer, how long WeChat's lists are looked at before a draft is "
        "sent once more, or a submit needs review",
    )
    repeat_window_s: float = Field(
        86_400,
        ge=0,
        description="what an account published within this time it publishes again only where "
        "repeat is said; 0: always",
    )
    first_poll_s: tuple[Seconds, ...] = Field(
        (5, 30, 120, 600),
        min_length=1,
        description="when WeChat is asked how a publication goes, counted from the submit",
    )
    poll_every_s: float = Field(3_600, gt=0, description="how often it is asked after those")
    poll_for_s: float = Field(
        86_400, gt=0, description="a publication without an end after so long needs review"
    )
    low_budget: int = Field(
        20, ge=0, description="below so many freepublish/get left today, one list serves all jobs"
    )
    keep_files_s: float = Field(
        604_800, ge=0, description="how long files of a failed job are kept for a retry"
    )
    keep_jobs_s: float = Field(
        15_552_000,
        ge=86_400,
        description="how long jobs that are over are kept; never less than their Idempotency-Keys "
        "and repeat_window_s",
    )
    keep_keys_s: float = Field(
        604_800, ge=86_400, description="how long an Idempotency-Key is remembered"
    )
    max_waiting: int = Field(
        10_000, ge=1, description="jobs that are not over; above so many no article is taken in"
    )
    max_request_mb: int = Field(
        20, ge=1, le=200, description="an article with all of its files, in megabytes"
    )
    max_bodies_mb: int = Field(
        64, ge=1, description="articles being handed in at the same moment, in megabytes of memory"
    )
    files_mb: int = Field(
        2_000,
        ge=1,
        description="files that one client has sent ahead of its articles, in megabytes",
    )
    catch_up_per_minute: float = Field(
        30,
        gt=0,
        description="of scheduled jobs that are overdue, as after a downtime, how many begin each "
        "minute, per account",
    )
    min_interval_s: float = Field(
        900, ge=60, description="the least time between two runs of a recurring schedule"
    )
    max_schedules: int = Field(500, ge=0, description="schedules of one client that have not ended")
