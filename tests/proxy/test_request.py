import pytest

from proxy.request import Inbound, Query, remember


def test_a_query_is_read_decoded() -> None:
    query = Query(b"a=1&name=%E4%B8%AD+x&a=2&empty=&bare")
    assert query.get("name") == "中 x"
    assert query.get("a") == "1"
    assert query.get("empty") == query.get("bare") == query.get("absent") == ""


def test_what_is_not_replaced_keeps_its_bytes_and_order() -> None:
    raw = "z=%2f%2F&b=a+b&&a=~%7E&type=image"
    assert Query(raw.encode()).replace({}) == "z=%2f%2F&b=a+b&a=~%7E&type=image"


@pytest.mark.parametrize(
    "name", ["access_token", "access%5ftoken", "access%5Ftoken", "%61ccess_token"]
)
def test_a_replaced_name_is_found_however_it_is_written(name: str) -> None:
    query = Query(f"{name}=theirs&x=1&access_token=again".encode())
    assert query.replace({"access_token": "OURS"}) == "x=1&access_token=OURS"


def test_names_can_be_taken_out() -> None:
    assert Query(b"a=1&secret=s&b=2").replace({}, without=("secret",)) == "a=1&b=2"


def test_an_identity_header_that_is_there_twice_is_noticed() -> None:
    scope = {
        "method": "GET",
        "path": "/x",
        "raw_path": b"/x",
        "query_string": b"",
        "headers": [
            (b"x-api-key", b"one"),
            (b"accept", b"a"),
            (b"accept", b"b"),
            (b"x-api-key", b"two"),
        ],
    }
    request = Inbound.of(scope)
    assert request.repeated == b"x-api-key"
    assert request.header(b"accept") == "b"
    assert request.peer is None


def test_what_is_remembered_stands_in_the_scopes_state() -> None:
    scope: dict[str, object] = {"state": {"request_id": "r"}}
    remember(scope, account="main")
    assert scope["state"] == {"request_id": "r", "account": "main"}
