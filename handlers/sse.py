from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import StreamingResponse

# nginx would keep events back in its buffer.
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_SIGN_OF_LIFE = b": still here\n\n"


def event(name: str, number: int, data: Any) -> bytes:
    """One server-sent event, its data as JSON on one line."""
    return b"event: %b\nid: %d\ndata: %b\n\n" % (name.encode("ascii"), number, orjson.dumps(data))


def last_event_id(request: Request) -> int:
    """The number of the last event that the caller has seen; 0 for none or nonsense."""
    given = request.headers.get("last-event-id", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 16 else 0


def stream(events: AsyncGenerator[bytes | None, None]) -> StreamingResponse:
    """The events as they come; None sends a comment, which tells a dead connection."""

    async def body() -> AsyncGenerator[bytes, None]:
        # However the connection ends, what the events hold open is closed here and now.
        async with aclosing(events):
            async for one in events:
                yield one or _SIGN_OF_LIFE

    return StreamingResponse(body(), media_type="text/event-stream", headers=_HEADERS)
