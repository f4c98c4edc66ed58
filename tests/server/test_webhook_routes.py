from typing import Any

from server.webhook_routes import webhook_routes


def test_each_of_its_routes_is_described() -> None:
    anything: Any = object()
    routes = webhook_routes(anything)
    assert len(routes) == 8
    assert {"/webhooks", "/webhooks/{webhook_id}"} <= {route.path for route in routes}
