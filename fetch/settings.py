from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork


class FetchSettings(BaseModel):
    """`[fetch]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow_networks: tuple[IPvAnyNetwork, ...] = Field(
        (), description="CIDRs inside the LAN that may be fetched from; empty: public hosts only"
    )
    allow_ports: tuple[int, ...] = Field(
        (80, 443), description="ports that may be fetched from, on public and allowed hosts alike"
    )
    max_bytes: int = Field(20_000_000, gt=0, description="largest body that is read")
    timeout_s: float = Field(10, gt=0, description="for one fetch in all, redirects included")
    connections_per_host: int = Field(
        4, ge=1, description="to one host at once; further pictures of it wait for their turn"
    )
    referer: Literal["retry", "never"] = Field(
        "retry",
        description="after 401, 403 or 404 ask once more with the host's own origin as Referer,"
        " against hot-link protection; or never send one",
    )
