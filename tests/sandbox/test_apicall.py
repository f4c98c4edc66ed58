import pytest

from sandbox.answers import Refused
from sandbox.apicall import ApiCall


def call(body: bytes) -> ApiCall:
    return ApiCall("/cgi-bin/draft/get", "POST", {}, {}, body, "127.0.0.1")


def errcode(action: object) -> int:
    with pytest.raises(Refused) as caught:
        action()  # type: ignore[operator]
    return caught.value.errcode


def test_texts_must_be_texts_with_something_in_them() -> None:
    assert call(b'{"media_id": "x"}').text("media_id", 40007) == "x"
    for body in (b"{}", b'{"media_id": ""}', b'{"media_id": 1}', b'{"media_id": null}'):
        assert errcode(lambda body=body: call(body).text("media_id", 40007)) == 40007


def test_integers_must_be_integers() -> None:
    assert call(b'{"index": 0}').integer("index", 40114) == 0
    assert call(b"{}").integer("index", 40114, default=0) == 0
    for body in (b"{}", b'{"index": "0"}', b'{"index": 1.0}', b'{"index": true}'):
        assert errcode(lambda body=body: call(body).integer("index", 40114)) == 40114


def test_windows_have_bounds() -> None:
    assert call(b'{"offset": 0, "count": 20}').window() == (0, 20)
    for body in (b"{}", b'{"offset": -1, "count": 1}', b'{"offset": 0, "count": 21}'):
        assert errcode(lambda body=body: call(body).window()) == 40097


def test_an_upload_without_a_content_type_holds_no_media() -> None:
    assert errcode(lambda: call(b"bytes").form) == 41005
