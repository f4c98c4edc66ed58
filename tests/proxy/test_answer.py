import pytest

from proxy.answer import NotJson, errcode_of, read_object, sniff_errcode


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'"x"', b"1", b"{", b'{"a":1}}', b'{"a":1} x', b"<html>", b"\xff\xfe{}",
        b'{"a":NaN}', b'{"a":Infinity}', b"[" * 100_000, b'{"a":' * 100_000, b'{"a":"\xb0\xa1"}',
        b'{"errcode":0,"errcode":40001}',
    ],
)  # fmt: skip
def test_anything_but_one_plain_object_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson):
        read_object(body)


def test_wechats_own_slips_are_let_pass() -> None:
    assert read_object(b'{"title":"a\nb\tc\x01"}') == {"title": "a\nb\tc\x01"}
    assert read_object(b'\xef\xbb\xbf{"a":1}') == {"a": 1}
    assert read_object('{"a":"中文"}'.encode()) == {"a": "中文"}


@pytest.mark.parametrize("errcode", ['"0"', "null", "0.0", "true", "[]", '"40001"'])
def test_an_errcode_that_is_no_number_is_no_answer(errcode: str) -> None:
    with pytest.raises(NotJson):
        errcode_of(read_object(f'{{"errcode":{errcode}}}'.encode()))


def test_an_absent_errcode_is_success() -> None:
    assert errcode_of({"media_id": "x"}) == 0
    assert errcode_of({"errcode": -1}) == -1


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (b'{"errcode":40001,"errmsg":"x"}', 40001),
        (b'{ "errcode" : -1 }', -1),
        (b'{"errcode":0,"errmsg":"ok"}', 0),
        (b'{"media_id":"x"}', 0),
        (b'{"list":[{"errcode":40001}]}', 0),
        (b'{"text":"\\"errcode\\":40001"}', 0),
        (b'\x89PNG "errcode":40001', 0),
        (b'{"errcode":' + b"9" * 5_000 + b"}", 0),
    ],
)
def test_an_answer_passing_through_is_judged_by_its_own_errcode(body: bytes, errcode: int) -> None:
    assert sniff_errcode(body) == errcode
