"""The routes of the Wenyan Server protocol: none unless it is switched on."""

import time
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Router

from handlers import wenyan_operations as about
from handlers.account_choice import AccountChoice
from handlers.body_budget import BodyBudget
from handlers.closed_door import ClosedDoor
from handlers.guard import AuthMiddleware
from handlers.openapi import ApiRoute
from handlers.signed import SignatureMiddleware
from handlers.throttle import Throttle
from handlers.wenyan import WenyanHandler
from handlers.wenyan_errors import WENYAN_EXCEPTION_HANDLERS
from handlers.wenyan_publish import WenyanPublishHandler
from handlers.wenyan_settings import WenyanSettings
from jobs.joined import Joined
from proxy.auth import Authenticator
from proxy.signed_body import SignedBodies
from server.work import Work

_PREFIX = "/wenyan"


def wenyan_routes(
    settings: WenyanSettings,
    work: Work,
    authenticator: Authenticator,
    signed: SignedBodies,
    bodies: BodyBudget,
    throttle: Throttle,
) -> list[Mount]:
    """One application of its own, since its failures have a form of their own."""
    if not settings.enabled:
        closed = Starlette(exception_handlers=WENYAN_EXCEPTION_HANDLERS)
        closed.router.default = ClosedDoor("wenyan")
        return [Mount(_PREFIX, closed)]
    handler = WenyanHandler(work.files, bodies, version=version("wxgate"))
    joined = Joined(work.jobs, window_s=settings.repeat_window_s, clock=time.time)
    publisher = WenyanPublishHandler(
        *(work.jobs, work.files, AccountChoice(authenticator), joined), settings.wait_s
    )
    known = [
        ApiRoute("GET", "/verify", handler.verify, about.VERIFY),
        ApiRoute("POST", "/upload", handler.upload, about.UPLOAD),
        ApiRoute("POST", "/publish", publisher.publish, about.PUBLISH),
    ]
    guards = [
        Middleware(AuthMiddleware, authenticate=authenticator.client),
        Middleware(SignatureMiddleware, bodies=signed),
    ]
    inside = Router([throttle.guard(route, _PREFIX) for route in known], redirect_slashes=False)
    app = Starlette(
        routes=[
            ApiRoute("GET", "/health", handler.health, about.HEALTH),
            Mount("", inside, middleware=guards),
        ],
        exception_handlers=WENYAN_EXCEPTION_HANDLERS,
    )
    app.state.limiter = throttle.limiter
    app.router.redirect_slashes = False
    return [Mount(_PREFIX, app)]
