from pydantic import BaseModel, ConfigDict, Field

from proxy.routing import Origin


class McpSettings(BaseModel):
    """`[mcp]` of the configuration: tools for AI agents at `/mcp`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(
        False, description="answer agents at /mcp, with client keys as everywhere else"
    )
    max_calls: int = Field(
        8, ge=1, le=1_000, description="calls of one client at once, in each process"
    )
    allowed_origins: tuple[Origin, ...] = Field(
        (), description="Origins of web pages that may call, beside public_url's own"
    )
