import signal
from io import BytesIO
from typing import Any

from content import frames
from content.worker import serve
from tests.content.conftest import encode, halves, request


def _served(operation: str, arguments: dict[str, Any], body: bytes = b"") -> tuple[Any, bytes]:
    wanted = {"operation": operation, "arguments": arguments, "cpu_s": 60}
    requests = BytesIO(b"".join(frames.pack(wanted, body)))
    answers = BytesIO()
    serve(requests, answers)
    answers.seek(0)
    answer = frames.read(answers)
    assert answer is not None
    return answer


def test_each_operation_answers() -> None:
    header, _ = _served("render", request("# a\n\nb"))
    assert header["result"]["title"] == "a"
    arguments = {
        "target": "article",
        "options": [85, 0],
        "picture": "x",
        "content_type": "image/webp",
    }
    header, data = _served("fit", arguments, encode(halves(), "WEBP"))
    assert header["result"] == {"content_type": "image/png", "action": "converted"}
    assert data.startswith(b"\x89PNG")
    _, data = _served("cover", {"title": "a"})
    assert data.startswith(b"\xff\xd8")


def test_a_refusal_travels_as_its_code_with_its_values() -> None:
    header, _ = _served("render", request("x", title="字" * 33))
    assert header["refused"] == "draft_title_too_long"
    assert header["field"] == "title"
    assert header["values"]["count"] == "33"


def test_what_nobody_foresaw_is_told_and_does_not_end_the_worker() -> None:
    header, _ = _served("render", {})
    assert "KeyError" in header["failed"]
    header, _ = _served("no such operation", {})
    assert "KeyError" in header["failed"]


def test_no_clock_runs_on_after_an_answer() -> None:
    _served("render", request("x", title="t"))
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
