from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from core.metrics import Metrics
from handlers.access import AccessMiddleware, CountsCalls
from handlers.areas import Areas, Segments
from handlers.compression import Compression
from handlers.cors import Cors
from handlers.hosts import HostMiddleware
from handlers.overload import InFlight
from handlers.security_headers import on_our_answers, on_relayed_answers
from proxy.rules import Rules
from server.forward.same_host import SameHost
from server.settings import Settings
from wechat.catalogue import load_catalogue
from wechat.errcodes import load_errcodes

_SECRETS_UNDER = ("/v1/auth/", "/v1/admin/clients")  # answers that hand some out


def relay_segments(settings: Settings) -> frozenset[str]:
    """First segments of the paths that are relayed."""
    prefixes = (prefix.split("/", 2)[1] for prefix in settings.relay.prefixes)
    ruled = Rules(settings.relay.rules).first_segments
    return load_catalogue().first_segments.union(prefixes, ruled)


class _ByDoor:
    """Requests of the forward proxy go to the relay, whatever their path; others to all of it."""

    def __init__(self, app: ASGIApp, relay: ASGIApp) -> None:
        self._app = app
        self._relay = relay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """By what the connection says of itself."""
        proxied = "proxied_for" in scope.get("state", ())
        await (self._relay if proxied else self._app)(scope, receive, send)


class Layers:
    """The layers around everything, from the inside out; `forwarded` is for the forward proxy."""

    def __init__(
        self,
        app: ASGIApp,
        relay: ASGIApp,
        settings: Settings,
        metrics: Metrics,
        segments: Segments,
        calls: CountsCalls | None = None,
    ) -> None:
        server = settings.server
        public = urlsplit(server.public_url)
        at_work = InFlight(
            _ByDoor(app, relay),
            at_most=server.max_in_flight,
            relay_segments=segments,
            errcodes=load_errcodes(),
        )
        packed = Compression(at_work, never_under=_SECRETS_UNDER)
        names = (*server.allowed_hosts, public.hostname or "")
        self._https = public.scheme == "https"
        self._relayed: ASGIApp = HostMiddleware(at_work, names)
        if settings.relay.cors_origins:
            # Around all that may refuse: browser tools are to read why.
            self._relayed = Cors(self._relayed, settings.relay.cors_origins)
        self._ours = HostMiddleware(packed, names)
        self._proxied: ASGIApp = SameHost(at_work)
        self._areas = Areas(**self._with_headers(settings), relay_segments=segments)
        self.app: ASGIApp = AccessMiddleware(self._areas, metrics, calls)
        self._one_area = Areas(**self._with_header(settings), relay_segments=segments)
        self.forwarded: ASGIApp = AccessMiddleware(self._one_area, metrics, calls)

    def replace_headers(self, settings: Settings) -> None:
        """Answer with these `[server.headers]` from now on."""
        self._areas.replace(**self._with_headers(settings))
        self._one_area.replace(**self._with_header(settings))

    def _with_headers(self, settings: Settings) -> dict[str, ASGIApp]:
        headers = settings.server.headers
        return {
            "relayed": on_relayed_answers(self._relayed, headers),
            "ours": on_our_answers(self._ours, headers, https=self._https),
        }

    def _with_header(self, settings: Settings) -> dict[str, ASGIApp]:
        proxied = on_relayed_answers(self._proxied, settings.server.headers)
        return {"relayed": proxied, "ours": proxied}
