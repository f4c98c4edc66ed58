from pydantic import BaseModel, ConfigDict, Field


class LibrarySettings(BaseModel):
    """`[library]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fresh_s: float = Field(
        300,
        ge=0,
        description="a list read from WeChat so long ago is read again when it is asked for",
    )
    wait_s: float = Field(
        3, ge=0, le=60, description="how long a list waits for that; then it shows what is known"
    )
    keep_calls: int = Field(
        30,
        ge=0,
        description="calls a day of each of WeChat's lists that are left for other uses, as to "
        "find out what became of a publication",
    )
