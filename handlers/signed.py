import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.bodies import RequestTooLarge
from proxy.body import BodyTooLarge, ClientGone, StoredBody
from proxy.request import Inbound
from proxy.signed_body import SignedBodies

log = structlog.get_logger(__name__)


class SignatureMiddleware:
    """Hands signed requests on only when all of the body is there and was signed, and only once.

    Stands behind what authenticates, which leaves the signature in `scope["state"]["signed"]`.
    The body is read whole, into memory or onto the disk: a handler that acts before it has read
    everything, or that reads nothing at all, acts on what was signed.
    """

    def __init__(self, app: ASGIApp, bodies: SignedBodies) -> None:
        self._app = app
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Raises what SignedBodies.read does, and RequestTooLarge."""
        signed = scope["state"].get("signed") if scope["type"] == "http" else None
        if signed is None:
            await self._app(scope, receive, send)
            return
        write = scope["method"] not in ("GET", "HEAD")
        try:
            body = await self._bodies.read(Inbound.of(scope), receive, signed, write=write)
        except BodyTooLarge as exc:
            raise RequestTooLarge(max_mb=exc.values["max_mb"]) from None
        except ClientGone:
            log.info("client gone before its body was complete")
            return
        if body is None:
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, _replayed(body, receive), send)
        finally:
            body.close()


def _replayed(body: StoredBody, rest: Receive) -> Receive:
    """An ASGI `receive` that gives `body`, then what `rest` has still to say."""
    chunks = body.chunks()
    whole = False

    async def receive() -> Message:
        nonlocal whole
        if whole:
            return await rest()
        chunk = await anext(chunks, None)
        whole = chunk is None
        return {"type": "http.request", "body": chunk or b"", "more_body": not whole}

    return receive
