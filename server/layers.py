from urllib.parse import urlsplit

from starlette.types import ASGIApp

from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.areas import Areas
from handlers.compression import Compression
from handlers.hosts import HostMiddleware
from handlers.overload import InFlight
from handlers.security_headers import on_our_answers, on_relayed_answers
from proxy.rules import Rules
from server.settings import Settings
from wechat.catalogue import load_catalogue
from wechat.errcodes import load_errcodes

_SECRETS_UNDER = ("/v1/auth/", "/v1/admin/clients")  # answers that hand some out


def relay_segments(settings: Settings) -> frozenset[str]:
    """First segments of the paths that are relayed."""
    prefixes = (prefix.split("/", 2)[1] for prefix in settings.relay.prefixes)
    ruled = Rules(settings.relay.rules).first_segments
    return load_catalogue().first_segments.union(prefixes, ruled)


def wrapped(app: ASGIApp, settings: Settings, metrics: Metrics) -> ASGIApp:
    """The layers around everything, the outermost last."""
    server, segments = settings.server, relay_segments(settings)
    public = urlsplit(server.public_url)
    at_work = InFlight(
        app, at_most=server.max_in_flight, relay_segments=segments, errcodes=load_errcodes()
    )
    packed = Compression(at_work, never_under=_SECRETS_UNDER)
    names = (*server.allowed_hosts, public.hostname or "")
    areas = Areas(
        relayed=on_relayed_answers(HostMiddleware(at_work, names), server.headers),
        ours=on_our_answers(
            HostMiddleware(packed, names), server.headers, https=public.scheme == "https"
        ),
        relay_segments=segments,
    )
    return AccessMiddleware(areas, metrics)
