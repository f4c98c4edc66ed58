import orjson
import pytest

from proxy.app_secret import credentials_of, real_body, real_query
from proxy.body import MemoryBody
from proxy.request import Query
from tests.gateway import MAIN

SECRET = MAIN.app_secret.get_secret_value()


@pytest.mark.parametrize(
    ("query", "body", "appid", "secret"),
    [
        ("appid=a&secret=s", None, "a", "s"),
        ("appid=a&appsecret=s", None, "a", "s"),
        ("", {"appid": "a", "secret": "s"}, "a", "s"),
        ("appid=q", {"appid": "a", "appsecret": "s"}, "q", "s"),
        ("", {"appid": 5, "secret": ["s"]}, "", ""),
        ("", None, "", ""),
    ],
)
def test_a_call_says_who_it_is_in_its_query_or_its_json(
    query: str, body: object, appid: str, secret: str
) -> None:
    stored = MemoryBody(orjson.dumps(body)) if body is not None else None
    found = credentials_of(Query(query.encode()), stored)
    assert (found.appid, found.secret) == (appid, secret)


@pytest.mark.parametrize("data", [b"", b"[1]", b"{", b"\xff", b"[" * 50_000])
def test_a_body_that_is_no_object_says_nothing_and_stays(data: bytes) -> None:
    body = MemoryBody(data)
    assert credentials_of(Query(b""), body).secret == ""
    assert real_body(body, MAIN) is body


def test_only_what_the_caller_sent_is_replaced() -> None:
    assert (
        real_query(Query(b"appid=main&js_code=c%2f"), MAIN) == f"js_code=c%2f&appid={MAIN.app_id}"
    )
    assert real_query(Query(b"secret=k&x=1"), MAIN) == f"x=1&secret={SECRET}"
    body = MemoryBody('{"appid":"main","secret":"k","note":"中文","n":[1.5]}'.encode())
    replaced = real_body(body, MAIN)
    assert isinstance(replaced, MemoryBody)
    assert orjson.loads(replaced.data) == {
        "appid": MAIN.app_id, "secret": SECRET, "note": "中文", "n": [1.5],
    }  # fmt: skip
    assert real_body(None, MAIN) is None
