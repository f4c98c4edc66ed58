import pytest

from sandbox.answers import Refused
from sandbox.bodies import has_escapes, read_form, read_json

_TYPE = "multipart/form-data; boundary=b"


def body(disposition: str, data: bytes = b"bytes", *, end: bytes = b"\r\n--b--\r\n") -> bytes:
    head = f"--b\r\nContent-Disposition: {disposition}\r\nContent-Type: image/png\r\n\r\n"
    return head.encode() + data + end


def errcode_of(raw: bytes, content_type: str = _TYPE) -> int:
    with pytest.raises(Refused) as caught:
        read_form(content_type, raw)
    return caught.value.errcode


def test_a_proper_part_is_read() -> None:
    form = read_form(_TYPE, body('form-data; name="media"; filename="a.png"', b"\r\n\x00--b"))
    assert (form.media.filename, form.media.content_type) == ("a.png", "image/png")
    assert form.media.data == b"\r\n\x00--b"


def test_names_without_quotes_and_a_quoted_boundary_are_read() -> None:
    raw = body("form-data; name=media; filename=a.png")
    assert read_form('multipart/form-data; boundary="b"', raw).media.filename == "a.png"


def test_fields_beside_the_file_are_read() -> None:
    field = b'--b\r\nContent-Disposition: form-data; name="description"\r\n\r\n{}\r\n'
    raw = field + body('form-data; name="media"; filename="a.mp4"')
    assert read_form(_TYPE, raw).fields == {"description": "{}"}


@pytest.mark.parametrize(
    "disposition",
    [
        'form-data; name="media"',
        'form-data; name="media"; filename=""',
        'form-data; name="file"; filename="a.png"',
        'form-data; name="media"; filename="图.png"',
        "form-data; name=\"media\"; filename*=utf-8''a.png",
        'form-data; name="media"; filename="a.png"; filename*=utf-8\'\'a.png',
    ],
)
def test_parts_that_wechat_does_not_see(disposition: str) -> None:
    assert errcode_of(body(disposition)) == 41005


def test_empty_truncated_and_unframed_bodies_hold_no_media() -> None:
    good = 'form-data; name="media"; filename="a.png"'
    assert errcode_of(body(good, b"")) == 41005
    assert errcode_of(body(good, end=b"")) == 41005
    assert errcode_of(body(good), "multipart/form-data") == 41005
    assert errcode_of(body(good), "application/json") == 41005
    assert errcode_of(b"") == 41005
    assert errcode_of(b"--b\r\nno end of headers\r\n--b--") == 41005


def test_escapes_stay_six_characters() -> None:
    assert read_json(rb'{"title": "\u4f60\n\\u597d"}') == {"title": "\\u4f60\n\\u597d"}
    assert read_json('{"title": "你"}'.encode()) == {"title": "你"}


def test_escapes_are_found() -> None:
    assert has_escapes(rb'"\u4f60"')
    assert has_escapes(rb'"\\\u4f60"')
    assert not has_escapes(rb'"\\u4f60 C:\\users"')


@pytest.mark.parametrize(
    "raw", [b"[1]", b"{", b"\xff{}", b'{"a": NaN}', b"[" * 100_000, b'{"a": "\n"}', b"a=1"]
)
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read_json(raw)
    assert caught.value.errcode == 47001


def test_an_empty_body_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        read_json(b"")
    assert caught.value.errcode == 44002
