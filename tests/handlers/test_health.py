from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from handlers.health import HealthHandler


def app(*, store: str = "", draining: bool = False) -> Starlette:
    async def check() -> str:
        return store

    health = HealthHandler({"store": check}, lambda: draining)
    return Starlette(routes=[Route("/live", health.live), Route("/ready", health.ready)])


async def test_live_is_ok_whatever_else_is_broken(http: Any) -> None:
    async with http(app(store="locked", draining=True)) as client:
        assert (await client.get("/live")).json() == {"status": "ok"}


async def test_ready_names_what_is_wrong(http: Any) -> None:
    async with http(app()) as client:
        assert (await client.get("/ready")).json() == {"status": "ok", "checks": {"store": "ok"}}
    async with http(app(store="locked", draining=True)) as client:
        response = await client.get("/ready")
    assert response.status_code == 503
    assert response.json()["checks"] == {"store": "locked", "process": "draining"}
