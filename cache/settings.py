from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from cache.redis_url import parse_redis_url


class RedisSettings(BaseModel):
    """`[redis]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr = Field(
        SecretStr(""),
        description="redis://, redis+sentinel:// or redis+cluster:// URL, rediss for TLS; empty: "
        "this process's memory",
    )
    sentinel_password: SecretStr = Field(
        SecretStr(""), description="of the Sentinels themselves; that in the URL is the servers'"
    )
    prefix: str = Field(
        "wxgate",
        pattern=r"^[A-Za-z0-9_.-]{1,32}$",
        description="first part of every key, so that a shared Redis never collides",
    )
    socket_timeout_s: float = Field(
        0.3, gt=0, le=5, description="one command may take this long, then Redis counts as away"
    )
    connect_timeout_s: float = Field(0.3, gt=0, le=5, description="the same for connecting")
    gateways: int = Field(
        1,
        ge=1,
        le=1_000,
        description="processes that count together, at least; without Redis each admits its share",
    )

    @field_validator("url")
    @classmethod
    def _names_a_redis(cls, url: SecretStr) -> SecretStr:
        try:
            if url.get_secret_value():
                parse_redis_url(url.get_secret_value())
        except ValueError:  # whose text may hold the password
            raise ValueError(
                "应形如 redis://:password@host:6379/0、redis+sentinel://:password@host1:26379,"
                "host2:26379/mymaster 或 redis+cluster://:password@host1:6379,host2:6379，"
                "密码中的特殊字符要转义（/ 写成 %2F） / must look like one of these, the password "
                "escaped (/ as %2F)"
            ) from None
        return url


class CacheSettings(BaseModel):
    """`[cache]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    response: bool = Field(
        True, description="answer repeated reads from the cache, as long as the catalogue allows"
    )
    response_max_mb: int = Field(
        64, ge=1, le=10_000, description="memory that this process's answers may take in all"
    )
    response_account_mb: int = Field(
        16, ge=1, le=10_000, description="what one account's answers may take, in memory or Redis"
    )
    response_max_age_s: int = Field(
        7_200, ge=1, le=86_400, description="no answer is kept longer, whatever the catalogue says"
    )
