import httpx

from core.tasks import TaskSet
from sandbox.app import build_app
from sandbox.faults import FaultPlan
from sandbox.settings import SandboxSettings
from sandbox.world import World


class NoDoor:
    """A Door where nobody listens."""

    def close_for(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def drop_connections(self) -> None:
        raise AssertionError


async def test_the_app_works_without_sockets() -> None:
    world, tasks = World(SandboxSettings()), TaskSet()
    async with httpx.AsyncClient() as pushes:
        app = build_app(world, FaultPlan(), NoDoor(), pushes, tasks)
        transport = httpx.ASGITransport(app.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://w") as http:
            assert (await http.get("/cgi-bin/token")).json()["errcode"] == 40002
            assert (await http.get("/sandbox/ledger")).json() == {"entries": []}
            assert (await http.get("/s/unknown")).status_code == 404
    await tasks.aclose()
    world.close()
