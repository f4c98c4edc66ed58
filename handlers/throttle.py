import time
from pathlib import Path
from typing import Any

from limits import RateLimitItem, parse_many
from slowapi import Limiter
from starlette.requests import Request
from starlette.responses import Response

from cache.rates import parse_rates
from handlers.openapi import ApiRoute
from proxy.ratelimit import RateLimited

# slowapi would read whatever .env lies in the working directory; this file holds no setting.
_NO_SETTINGS = str(Path(__file__).with_name("__init__.py"))


class Throttle:
    """Bounds the calls of each client to the control plane, in this process.

    slowapi asks its storage without waiting for it, so it is memory. Its limits are counted per
    URL unless they have a scope of their own, and kept by the name of the function: hence both.
    """

    def __init__(self, rate: str) -> None:
        """`rate` is over all endpoints; where it is "none", those of single ones are off too."""
        self._rate = rate
        self._own: dict[
            str, list[RateLimitItem]
        ] = {}  # what single endpoints may be called, by their scope
        self.limiter = Limiter(
            key_func=_caller,
            strategy="moving-window",
            storage_uri="memory://",
            config_filename=_NO_SETTINGS,
        )

    def guard_alone(self, route: ApiRoute, rate: str) -> ApiRoute:
        """The same route with a rate of its own, which the calls of others do not count for."""
        if not parse_rates(rate):
            return route
        scope = f"{route.method} {route.path}"
        endpoint = self.limiter.shared_limit(rate, scope=scope)(_named(route, ""))
        return ApiRoute(route.method, route.path, endpoint, route.operation)

    def guard(self, route: ApiRoute, prefix: str) -> ApiRoute:
        """The same route; it raises slowapi's RateLimitExceeded."""
        if not parse_rates(self._rate):
            return route
        endpoint = _named(route, prefix)
        if route.operation.limit:
            scope = f"{route.method} {prefix}{route.path}"
            self._own[scope] = parse_many(route.operation.limit)
            endpoint = self.limiter.shared_limit(route.operation.limit, scope=scope)(endpoint)
        if not route.operation.in_bulk:
            endpoint = self.limiter.shared_limit(self._rate, scope="/v1")(endpoint)
        return ApiRoute(route.method, route.path, endpoint, route.operation)

    def count(self, request: Request, scope: str) -> None:
        """Count a call on the limit of the endpoint whose work it asks for in another way.

        `scope` is the method and path of one that is guarded. Raises RateLimited.
        """
        who, windows = _caller(request), self.limiter.limiter
        for rate in self._own.get(scope, ()):
            if not windows.hit(rate, who, scope):
                wait_s = windows.get_window_stats(rate, who, scope).reset_time - time.time()
                rule = f"{who}: {scope} = {rate}"
                raise RateLimited(rule=rule, wait_s=max(1.0, wait_s), headers=[])


def _named(route: ApiRoute, prefix: str) -> Any:
    """The route's endpoint as a function whose name no other has."""

    async def endpoint(request: Request) -> Response:
        response: Response = await route.endpoint(request)
        return response

    endpoint.__name__ = route.endpoint.__name__
    endpoint.__module__ = f"{route.method} {prefix}{route.path}"
    return endpoint


def _caller(request: Request) -> str:
    client_id = getattr(request.state, "client_id", "")
    if client_id:
        return f"client {client_id}"
    return f"ip {request.client.host if request.client else 'unknown'}"
