from typing import Any

from server.effect_routes import effect_routes


def test_each_of_its_routes_is_described() -> None:
    class Anything:
        def __getattr__(self, _name: str) -> Any:
            return self

    anything: Any = Anything()
    routes = effect_routes(anything, anything)
    assert len(routes) == 5
    assert {"/jobs/retry", "/jobs/{job_id}/resolve"} <= {route.path for route in routes}
