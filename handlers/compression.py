from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import CompressMiddleware, remove_compress_type

_AT_LEAST_BYTES = 1_000
# Fast levels: a MB takes some 15 ms of the event loop.
_GZIP_LEVEL = _BROTLI_QUALITY = 4


class Compression:
    """gzip and brotli for what is ours; relayed bytes never come by here.

    The length of a compressed answer can tell a secret in it to who may choose other parts of the
    answer (BREACH). That needs a browser that adds credentials by itself, and ours are headers
    that it does not add. Answers that hand out secrets stay as they are all the same.
    """

    def __init__(self, app: ASGIApp, *, never_under: tuple[str, ...]) -> None:
        remove_compress_type("text/event-stream")  # events would wait in the compressor
        self._plain = app
        self._never_under = never_under
        self._packed = CompressMiddleware(
            app,
            minimum_size=_AT_LEAST_BYTES,
            zstd=False,
            gzip_level=_GZIP_LEVEL,
            brotli_quality=_BROTLI_QUALITY,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and not scope["path"].startswith(self._never_under):
            await self._packed(scope, receive, send)
        else:
            await self._plain(scope, receive, send)
