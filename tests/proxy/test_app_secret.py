import json

import orjson
import pytest

from proxy.app_secret import credentials_of, real_body, real_query, said_in
from proxy.auth import KeyInUrl
from proxy.body import MemoryBody
from proxy.request import Query
from tests.gateway import KEY, MAIN

SECRET = MAIN.app_secret.get_secret_value()


def replaced(data: bytes) -> bytes:
    body = MemoryBody(data)
    real = real_body(body, said_in(body), MAIN)
    assert real is not None
    return real.data


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
    found = credentials_of(Query(query.encode()), said_in(stored))
    assert (found.appid, found.secret) == (appid, secret)


@pytest.mark.parametrize(
    "data",
    [b"", b"[1]", b"{", b"\xff", b"[" * 50_000, b'{"secret":"a","n":1e999}',
     b'{"secret":"a","secret":"b"}', b'{"secret":"a","n":NaN}', b'{"a":' * 5_000 + b"1" + b"}" * 5_000],
)  # fmt: skip
def test_a_body_that_is_no_plain_object_says_nothing_and_stays(data: bytes) -> None:
    body = MemoryBody(data)
    assert said_in(body) == {}
    assert real_body(body, {}, MAIN) is body


def test_only_what_the_caller_sent_is_replaced() -> None:
    assert (
        real_query(Query(b"appid=main&js_code=c%2f"), MAIN) == f"js_code=c%2f&appid={MAIN.app_id}"
    )
    assert real_query(Query(b"secret=k&x=1"), MAIN) == f"x=1&secret={SECRET}"
    data = '{"appid":"main","secret":"k","note":"中文","n":[1.5]}'.encode()
    assert orjson.loads(replaced(data)) == {
        "appid": MAIN.app_id, "secret": SECRET, "note": "中文", "n": [1.5],
    }  # fmt: skip
    assert real_body(None, {}, MAIN) is None


@pytest.mark.parametrize(
    "rest",
    [
        '"x":"\\ud800"', '"n":123456789012345678901234567890', '"raw":"a\tb","n":18446744073709551616',
        '"deep":' + "[" * 300 + "]" * 300,
    ],
)  # fmt: skip
def test_the_rest_of_a_body_keeps_its_meaning(rest: str) -> None:
    data = f'{{"secret":"k",{rest}}}'.encode()
    expected = json.loads(data, strict=False) | {"secret": SECRET}
    assert json.loads(replaced(data), strict=False) == expected


@pytest.mark.parametrize(
    "query",
    [
        f"secret=&secret={KEY}", f"appid=main&appsecret&appsecret={KEY}", f"%73ecret={KEY}&secret=",
    ],
)  # fmt: skip
def test_every_pair_of_a_replaced_name_goes(query: str) -> None:
    assert KEY not in real_query(Query(query.encode()), MAIN)


@pytest.mark.parametrize(
    "query", [f"secret={KEY}&zz={KEY}", f"zz={KEY.replace('_', '%5F')}", f"{KEY}=1", f"z=Bearer+{KEY}"]
)  # fmt: skip
def test_a_key_left_in_the_query_never_goes_to_wechat(query: str) -> None:
    with pytest.raises(KeyInUrl):
        real_query(Query(query.encode()), MAIN)


@pytest.mark.parametrize(
    "data",
    [
        f"appid=main&secret={KEY}", f"secret={KEY.replace('_', '%5F')}",
        f'{{"secret":"{KEY}","zz":"{KEY}"}}', f'["{KEY}"]',
    ],
)  # fmt: skip
def test_a_key_left_in_the_body_never_goes_to_wechat(data: str) -> None:
    with pytest.raises(KeyInUrl):
        replaced(data.encode())
