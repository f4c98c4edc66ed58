from typing import Any

from handlers.openapi import listed_routes
from handlers.wenyan_settings import WenyanSettings
from server.wenyan_routes import wenyan_routes


def test_nothing_of_it_is_there_unless_it_is_switched_on() -> None:
    nothing: Any = None
    assert list(listed_routes(wenyan_routes(WenyanSettings(), *(nothing,) * 5))) == []


async def test_it_stands_under_wenyan(open_stand: Any) -> None:
    async with open_stand({"wenyan": {"enabled": True}}) as stand:
        paths = [path for path, _ in listed_routes(stand.app.routes) if path.startswith("/wenyan")]
    assert paths == [f"/wenyan/{name}" for name in ("health", "verify", "upload", "publish")]
