from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from notify.events import EVENTS
from notify.message import Severity
from notify.quiet import Hours, ZoneName

Seconds = Annotated[float, Field(ge=0)]
ChannelName = Annotated[str, StringConstraints(pattern="^[a-z0-9-]{1,32}$")]


def _of_some_event(pattern: str) -> str:
    """As it is: what matches no event would keep its readers in the dark without a word."""
    begins = pattern.removesuffix("*")
    if pattern not in EVENTS and not any(
        begins != pattern and event.startswith(begins) for event in EVENTS
    ):
        raise ValueError(
            f"没有叫 {pattern} 的事件，见文档“事件” / no event is called {pattern}; see events.md"
        )
    return pattern


# The name of an event, or the beginning of several with a * after it.
EventPattern = Annotated[
    str,
    StringConstraints(pattern=r"^(\*|[a-z]{1,32}\.(\*|[a-z_]{1,32}\*?))$"),
    AfterValidator(_of_some_event),
]
Recipient = Annotated[
    str, StringConstraints(min_length=1, max_length=254, pattern=r"^[^\x00-\x1f]+$")
]


class Route(BaseModel):
    """`[[notify.routes]]` of the configuration: which events go where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    events: tuple[EventPattern, ...] = Field(
        ("*",), min_length=1, description="names, with * at the end of one"
    )
    min_severity: Severity = Field("info", description="this one and worse: info … critical")
    accounts: tuple[str, ...] = Field(
        (), description="about these official accounts alone; empty: about any, or none"
    )
    channels: tuple[ChannelName, ...] = Field(min_length=1, description="where it is sent")
    to: tuple[Recipient, ...] = Field((), description="to whom; empty: the channel's own")
    mention: tuple[Recipient, ...] = Field((), description="whom a chat calls by name; all")
    digest_s: float = Field(
        0, ge=0, le=86_400, description="gather for so long and send one message; critical: never"
    )
    quiet_hours: Literal["inherit"] | Hours = Field(
        "inherit", description='as "22:00-08:00"; "" none; inherit: those of [notify]'
    )
    last: bool = Field(False, description="routes after it are not looked at for what it matches")


class NotifySettings(BaseModel):
    """`[notify]` of the configuration: who is told what happens, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quiet_hours: Hours = Field(
        "", description='as "22:00-08:00": what is not critical waits for the end, in one digest'
    )
    time_zone: ZoneName = Field("Asia/Shanghai", description="of quiet_hours")
    retry_after_s: tuple[Seconds, ...] = Field(
        (30, 300), max_length=2, description="the pauses after failed attempts; then it is dead"
    )
    give_up_s: float = Field(
        259_200,
        ge=3_600,
        description="what waits so long for a channel that sends nothing is dead",
    )
    timeout_s: float = Field(
        60, gt=0, le=600, description="for one attempt, and 14 s for each MB attached"
    )
    concurrency: int = Field(4, ge=1, le=32, description="attempts of one channel, per process")
    per_minute: int = Field(
        300, ge=1, le=100_000, description="attempts of one channel, of all processes together"
    )
    dedupe_s: float = Field(
        600, ge=0, description="the same event about the same thing is told once in this time"
    )
    dedupe_content_s: float = Field(
        60, ge=0, description="the same content to the same people is sent once in this time"
    )
    burst: int = Field(
        10, ge=1, le=1_000, description="messages of events to one channel in burst_s; then digests"
    )
    burst_s: float = Field(60, gt=0, le=3_600, description="how long that is looked back")
    sweep_s: float = Field(1, gt=0, le=60, description="how often due notifications are looked for")
    keep_s: float = Field(7_776_000, ge=86_400, description="how long notifications are kept")
    routes: tuple[Route, ...] = Field(
        (), description="looked at from the first to the last; each that matches sends"
    )
