import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechat.push_body import PushUnreadable, read_push

_ENTITY = '<!DOCTYPE x [<!ENTITY a "{value}">]><xml><MsgType>&a;</MsgType></xml>'
_EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><a>&a;</a></xml>'
_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    "<xml><MsgType>&c;</MsgType></xml>"
)


def test_xml_is_a_table() -> None:
    body = """<xml><ToUserName><![CDATA[gh_1]]></ToUserName>
    <Info><item><idx>1</idx></item><item><idx>2</idx></item><n>7</n></Info><Empty/></xml>"""
    assert read_push(body.encode()) == {
        "ToUserName": "gh_1",
        "Info": {"item": [{"idx": "1"}, {"idx": "2"}], "n": "7"},
        "Empty": "",
    }


def test_json_is_the_same_table() -> None:
    assert read_push('  {"a": {"b": [1, "二"]}}'.encode()) == {"a": {"b": [1, "二"]}}


@pytest.mark.parametrize(
    "body",
    [
        *("", "x", "<xml>", "<xml><a></xml>", "<xml>text</xml>", "[1]", '{"a": NaN}', '{"a"'),
        *('{"a": 1e999}', _ENTITY.format(value="x"), _EXTERNAL, _LAUGHS, "<!DOCTYPE x><xml/>"),
        "<a>" * 20 + "</a>" * 20,
        "<a>" * 20_000,
        "[" * 60_000,
        '{"a":' * 10_000,
        '{"a":' * 20 + "1" + "}" * 20,
        "<xml>" + "<a/>" * 6_000 + "</xml>",
        json.dumps({"a": [0] * 6_000}),
        '{"a": ' + "9" * 5_000 + "}",
    ],
)
def test_what_is_no_push_is_unreadable(body: str) -> None:
    with pytest.raises(PushUnreadable):
        read_push(body.encode())


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"<xml>\x00</xml>", b"<?xml version='1.0' encoding='utf-77'?><xml/>"]
)
def test_neither_are_bytes_of_no_known_encoding(body: bytes) -> None:
    with pytest.raises(PushUnreadable):
        read_push(body)


@given(
    st.binary(max_size=400) | st.text(max_size=200).map(lambda text: f"<xml>{text}</xml>".encode())
)
def test_any_bytes_are_a_table_or_unreadable(body: bytes) -> None:
    try:
        table: dict[str, Any] = read_push(body)
    except PushUnreadable:
        return
    json.dumps(table, ensure_ascii=False, allow_nan=False).encode()


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert read_push(b'{"a": "x\\ud800"}') == {"a": "x?"}
