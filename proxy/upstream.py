import ipaddress
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.errors import Text
from proxy.body import Body
from wechat.call import NotSent, OutcomeUnknown
from wechat.hosts import API_HOSTS, MP_HOST

# A slow line may take this long for a large body, on top of the deadline for an answer.
_SLOWEST_UPLOAD_BYTES_PER_S = 200_000


class UpstreamSettings(BaseModel):
    """`[upstream]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_urls: tuple[str, ...] = Field(
        tuple(f"https://{host}" for host in API_HOSTS),
        min_length=1,
        description="WeChat's API hosts, the preferred one first",
    )
    mp_base_url: str = Field(f"https://{MP_HOST}", description="host of showqrcode")
    prefer: Literal["order", "latency"] = Field(
        "order", description="the first host that is well, or the one connected to soonest"
    )
    timeout_s: float = Field(
        10, gt=0, le=120, description="one call's deadline, repeats included; uploads get more"
    )
    ca_file: str = Field("", description="extra CA certificates (PEM), for a sandbox over TLS")
    allow_plain_http: bool = Field(
        False, description="let http:// go to other hosts than loopback (a sandbox elsewhere)"
    )

    @field_validator("base_urls")
    @classmethod
    def _base_urls_are_plain(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_plain_url(url, "upstream.base_urls") for url in urls)

    @field_validator("mp_base_url")
    @classmethod
    def _mp_base_url_is_plain(cls, url: str) -> str:
        return _plain_url(url, "upstream.mp_base_url")

    @model_validator(mode="after")
    def _plain_http_stays_here(self) -> "UpstreamSettings":
        for url in (*self.base_urls, self.mp_base_url):
            if url.startswith("http://") and not (self.allow_plain_http or is_loopback(url)):
                raise ValueError(
                    f"{url} 会明文传输密钥：改用 https://，或设 upstream.allow_plain_http / "
                    f"{url} would send secrets in the clear: "
                    "use https:// or set upstream.allow_plain_http"
                )
        return self


def _plain_url(url: str, key: str) -> str:
    parts = urlsplit(url) if web_host(url) else None
    if parts is None or parts.username or parts.query or parts.fragment:
        raise ValueError(
            f"{key} 应形如 https://host[:port] / {key} must look like https://host[:port]"
        )
    return url.rstrip("/")


def web_host(url: str) -> str:
    """The host of an http:// or https:// URL; empty if it is no such URL."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one that is no number, or too large
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme in ("http", "https") else ""


def patience_s(timeout_s: float, body: Body | None) -> float:
    """How long a call may take that sends `body`."""
    return timeout_s if body is None else timeout_s + body.size // _SLOWEST_UPLOAD_BYTES_PER_S


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine, by name or address."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(slots=True)
class UpstreamRequest:
    """One request as it goes on the wire."""

    method: str
    url: str  # raw: nothing of it is quoted again
    headers: dict[str, str]
    body: Body | None = None
    timeout_s: float | None = None  # in all; None: what the settings say, more for a large body
    # Whether the client may send it again by itself when a kept connection breaks under it.
    repeatable: bool = False


class Unreachable(NotSent):
    """No connection to the host could be had."""


class TlsFailed(Unreachable):
    """Whoever answers at WeChat's address cannot prove to be WeChat."""

    code = "upstream_tls"
    message = Text("与微信建立 TLS 连接失败：{reason}", "no TLS connection to WeChat: {reason}")
    hint = Text(
        "检查本机时钟、CA 证书（upstream.ca_file）与中间是否有代理；证书校验不能关闭",
        "check this machine's clock, the CA certificates (upstream.ca_file) and whether a proxy "
        "sits between; certificates are always verified",
    )


class Silent(OutcomeUnknown):
    """The host took the request and gave no answer in time."""


class UpstreamAnswer(Protocol):
    """An answer whose headers are there; the body is read by its holder, who must close it."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """As they came."""
        ...

    async def read(self, limit: int) -> bytes:
        """Up to `limit` more bytes, fewer only at the end. Raises OutcomeUnknown if it breaks."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """What is still unread, in pieces. Raises OutcomeUnknown if it breaks."""
        ...

    def at_end(self) -> bool:
        """Whether all has been read."""
        ...

    def close(self) -> None:
        """Free the connection; it is used again only if all was read."""
        ...


class Upstream(Protocol):
    """Sends requests to WeChat, once each unless `repeatable`: the caller decides."""

    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        """The answer's head.

        Raises NotSent if WeChat cannot have seen the whole request (Unreachable if there was no
        connection), OutcomeUnknown if it may have and no answer came (Silent if in time).
        """
        ...
