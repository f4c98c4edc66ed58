from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

# A named check: returns what is wrong, or "" when all is well.
Check = Callable[[], Awaitable[str]]


class HealthHandler:
    """For load balancers and container probes.

    `live` touches nothing, so that a dead WeChat or Redis never restarts the process; `ready`
    says whether this process can take work: its store answers and it is not draining.
    """

    def __init__(self, checks: dict[str, Check], draining: Callable[[], bool]) -> None:
        self._checks = checks
        self._draining = draining

    async def live(self, _request: Request) -> Response:
        """200 as long as the event loop turns."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """200 when work can be taken, else 503 with what is wrong."""
        found = {name: await check() for name, check in self._checks.items()}
        if self._draining():
            found["process"] = "draining"
        ready = not any(found.values())
        body = {
            "status": "ok" if ready else "unavailable",
            "checks": {name: wrong or "ok" for name, wrong in found.items()},
        }
        return JSONResponse(body, status_code=200 if ready else 503)
