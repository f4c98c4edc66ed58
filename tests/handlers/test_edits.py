import pytest
from starlette.requests import Request

from handlers.edits import IfMatchInvalid, editor_of, etag, expected_version
from tests.gateway import CLIENTS


def request(*headers: tuple[str, str], peer: tuple[str, int] | None = ("10.0.0.1", 1)) -> Request:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    state = {"client": CLIENTS[0], "request_id": "req_1"}
    return Request({"type": "http", "headers": raw, "state": state, "client": peer})


def test_what_was_read_is_what_is_expected() -> None:
    assert expected_version(request(("if-match", etag(7)["ETag"]))) == 7
    assert expected_version(request()) is None
    assert expected_version(request(("if-match", "*"))) is None


@pytest.mark.parametrize("said", ["", "7", 'W/"7"', '"7", "8"', '"-1"', '"٧"', '"' + "9" * 30])
def test_anything_else_is_refused(said: str) -> None:
    with pytest.raises(IfMatchInvalid):
        expected_version(request(("if-match", said.encode().decode("latin-1"))))


def test_the_editor_is_the_calling_client() -> None:
    assert editor_of(request()) == ("client:blog", "req_1", "10.0.0.1")
    assert editor_of(request(peer=None)).ip is None
