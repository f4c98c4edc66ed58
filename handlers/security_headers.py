import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RawHeaders = list[tuple[bytes, bytes]]

# On every answer, relayed ones too: it changes nothing that a tool looks at.
_EVERYWHERE = {"x-content-type-options": "nosniff"}
# On what is ours. Pages such as /docs say a policy of their own, which ranks over this one.
_OURS = {
    **_EVERYWHERE,
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cross-origin-resource-policy": "same-origin",
}
_API = {"cache-control": "no-store"}
_HSTS = {"strict-transport-security": "max-age=31536000"}

_NAME = re.compile(r"[a-z0-9-]{1,64}")
_VALUE = re.compile(r"[\x20-\x7e]{0,2000}")
# Wrong values of these would break answers rather than protect their readers.
_NOT_OURS = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "date"}
    | {"set-cookie", "transfer-encoding", "x-request-id"}
)


def _plain_headers(headers: dict[str, str]) -> dict[str, str]:
    lower = {name.lower(): value for name, value in headers.items()}
    for name, value in lower.items():
        if not _NAME.fullmatch(name) or name in _NOT_OURS or not _VALUE.fullmatch(value):
            raise ValueError(f"{name!r} 不能这样设置 / server.headers: {name!r} cannot be set so")
    return lower


# Headers by name that replace the defaults; an empty value removes one.
HeaderSettings = Annotated[dict[str, str], AfterValidator(_plain_headers)]


class AddHeaders:
    """Adds `defaults` where an answer does not have them, and `fixed` whatever it has."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        defaults: Mapping[str, str],
        fixed: Mapping[str, str],
        api: Mapping[str, str],
    ) -> None:
        self._app = app
        self._fixed = {name.encode(): value.encode() for name, value in fixed.items()}
        self._defaults = self._encoded(defaults)
        self._api = self._encoded({**defaults, **api})  # for paths under /v1

    def _encoded(self, defaults: Mapping[str, str]) -> dict[bytes, bytes]:
        headers = {name.encode(): value.encode() for name, value in defaults.items()}
        headers.update(self._fixed)
        return {name: value for name, value in headers.items() if value}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ours = self._api if scope["path"].startswith("/v1/") else self._defaults

        async def send_with_ours(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._joined(message.get("headers", []), ours)
            await send(message)

        await self._app(scope, receive, send_with_ours)

    def _joined(self, said: RawHeaders, ours: Mapping[bytes, bytes]) -> RawHeaders:
        kept = [header for header in said if header[0].lower() not in self._fixed]
        names = {name.lower() for name, _ in kept}
        return [*kept, *(header for header in ours.items() if header[0] not in names)]


def on_our_answers(app: ASGIApp, settings: Mapping[str, str], *, https: bool) -> ASGIApp:
    """`app` with security headers for what is ours; `https`: callers reach us by TLS."""
    # A whole-site rule belongs on every answer; no-store, changed or not, on the API alone.
    defaults = {**_OURS, **(_HSTS if https else {})}
    api = {**_API, **{name: value for name, value in settings.items() if name in _API}}
    fixed = {name: value for name, value in settings.items() if name not in _API}
    return AddHeaders(app, defaults=defaults, fixed=fixed, api=api)


def on_relayed_answers(app: ASGIApp, settings: Mapping[str, str]) -> ASGIApp:
    """`app` with the one header that a relayed answer can bear."""
    fixed = {name: value for name, value in settings.items() if name in _EVERYWHERE}
    return AddHeaders(app, defaults=_EVERYWHERE, fixed=fixed, api={})
