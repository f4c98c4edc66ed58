from typing import Any

from server.channel_routes import channel_routes


def test_each_of_its_routes_is_described() -> None:
    anything: Any = object()
    routes = channel_routes(anything, anything, anything)
    assert len(routes) == 6
    assert {"/channels", "/channels/{name}", "/channels/{name}/test"} == {
        route.path for route in routes
    }
