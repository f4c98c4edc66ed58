from collections.abc import AsyncGenerator

import pytest
from starlette.requests import Request

from handlers.sse import event, last_event_id, stream


def test_an_event_is_one_line_of_data() -> None:
    assert (
        event("job", 7, {"text": "一\n二"})
        == 'event: job\nid: 7\ndata: {"text":"一\\n二"}\n\n'.encode()
    )


@pytest.mark.parametrize(
    ("header", "number"),
    [("7", 7), ("", 0), ("-1", 0), ("x", 0), ("٣", 0), ("1" * 20, 0), ("1_0", 0)],
)
def test_nonsense_in_last_event_id_means_from_the_start(header: str, number: int) -> None:
    headers = [(b"last-event-id", header.encode())]
    assert last_event_id(Request({"type": "http", "headers": headers})) == number


async def test_silence_is_filled_with_a_comment() -> None:
    async def events() -> AsyncGenerator[bytes | None, None]:
        yield event("job", 1, {})
        yield None

    response = stream(events())
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache"
    sent = [chunk async for chunk in response.body_iterator]
    assert sent == [b"event: job\nid: 1\ndata: {}\n\n", b": still here\n\n"]
