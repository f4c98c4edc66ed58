import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.faults import TRANSPORT, FaultPlan, reset


def protocol_with(plan: FaultPlan) -> type[HttpToolsProtocol]:
    """The class of uvicorn's HTTP protocol, one object a connection, made able to break."""

    class SandboxProtocol(HttpToolsProtocol):
        """Resets connections where planned; hands its transport to the fault layer."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Take a connection, or reset it at once."""
            super().connection_made(transport)
            if plan.take_refusal():
                reset(transport)

        def on_message_begin(self) -> None:
            """Put the transport into the scope of the request that begins."""
            super().on_message_begin()
            extensions: dict[str, Any] = {TRANSPORT: self.transport}
            self.scope["extensions"] = extensions

    return SandboxProtocol
