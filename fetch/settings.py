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
