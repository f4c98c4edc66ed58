from pydantic import BaseModel, ConfigDict, Field


class WenyanSettings(BaseModel):
    """`[wenyan]` of the configuration: the protocol of Wenyan Server under /wenyan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(False, description="answer `wenyan publish --server …/wenyan`")
    wait_s: float = Field(
        55,
        gt=0,
        le=280,
        description="how long a publish call waits for its draft; reverse proxies often wait 60 s,"
        " Wenyan itself 300 s",
    )
    repeat_window_s: float = Field(
        3_600,
        ge=60,
        le=86_400,
        description="the same article, handed in again within this time, is the same draft",
    )
