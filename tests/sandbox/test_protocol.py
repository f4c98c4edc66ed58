import asyncio

from uvicorn.config import Config
from uvicorn.server import ServerState

from sandbox.faults import TRANSPORT, Fault, FaultPlan
from sandbox.protocol import protocol_with


class Transport(asyncio.Transport):
    """Remembers whether it was aborted."""

    def __init__(self) -> None:
        super().__init__({"sockname": ("127.0.0.1", 1), "peername": ("127.0.0.1", 2)})
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


async def test_planned_connections_are_reset_and_requests_know_their_transport() -> None:
    plan = FaultPlan()
    plan.add(Fault(kind="refuse"))
    config = Config(lambda: None, lifespan="off", log_config=None, ws="none")
    state = ServerState()
    aborted = []
    for _ in range(2):
        protocol, transport = protocol_with(plan)(config, state, {}), Transport()
        protocol.connection_made(transport)
        protocol.on_message_begin()
        extensions: dict[str, object] = dict(protocol.scope["extensions"])
        assert extensions == {TRANSPORT: transport}
        aborted.append(transport.aborted)
    assert aborted == [True, False]
