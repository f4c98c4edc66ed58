import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, ConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handlers.bodies import (
    FieldInvalid,
    parse_model,
    read_if_any,
    read_model,
    read_upload,
    read_with_files,
)
from handlers.body_budget import BodyBudget
from handlers.errors import EXCEPTION_HANDLERS


class Part(BaseModel):
    title: str


class Untitled(BaseModel):
    title: str = "none"


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    number: int = 0
    flag: bool = False
    parts: tuple[Part, ...] = ()


async def _json(request: Request) -> Response:
    thing = await read_model(request, Thing, max_bytes=1_000)
    return JSONResponse(thing.model_dump())


async def _maybe(request: Request) -> Response:
    part = await read_if_any(request, Untitled, max_bytes=1_000)
    return JSONResponse(part.title)


BUDGET = BodyBudget(3_000_000)


async def _files(request: Request) -> Response:
    with BUDGET.share() as share:
        body = await read_with_files(request, "article", max_bytes=3_000_000, share=share)
    sizes = {name: len(data) for name, data in body.files.items()}
    return JSONResponse({"name": parse_model(body.json, Thing).name, "files": sizes})


APP = Starlette(
    routes=[
        Route(path, answer, methods=["POST"])
        for path, answer in (("/json", _json), ("/maybe", _maybe), ("/files", _files))
    ],
    exception_handlers=EXCEPTION_HANDLERS,
)
JSON = {"content-type": "application/json"}


async def post(path: str, **how: Any) -> httpx.Response:
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://gate") as http:
        return await http.post(path, **how)


def error_of(response: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = response.json()["error"]
    return error


async def test_json_becomes_the_model() -> None:
    response = await post("/json", json={"name": "名", "number": 3, "parts": [{"title": "t"}]})
    assert response.json() == {
        "name": "名", "number": 3, "flag": False, "parts": [{"title": "t"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nope", b'{"name": "a"} x', b'{"name": "\xff"}', b'{"name": "\\ud800"}',
        b"\xef\xbb\xbf{}", '{"name": "a"}'.encode("utf-16"), b"[" * 900,
    ],
)  # fmt: skip
async def test_what_is_not_json_is_a_400(body: bytes) -> None:
    response = await post("/json", content=body, headers=JSON)
    assert (response.status_code, error_of(response)["code"]) == (400, "json_invalid")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{}", "name"),
        ("[]", None),
        ("null", None),
        ('{"name": 1}', "name"),
        ('{"name": "a", "number": "1"}', "number"),
        ('{"name": "a", "number": true}', "number"),
        ('{"name": "a", "number": NaN}', "number"),
        ('{"name": "a", "flag": 1}', "flag"),
        ('{"name": "a", "parts": [{"title": "t"}, {}]}', "parts[1].title"),
        ('{"name": "a", "other": 1}', "other"),
    ],
)
async def test_a_wrong_value_is_a_422_that_names_its_field(body: str, field: str | None) -> None:
    response = await post("/json", content=body, headers=JSON)
    error = error_of(response)
    assert (response.status_code, error["code"]) == (422, "field_invalid")
    assert error.get("field") == field


@pytest.mark.parametrize("many", [{f"x{n}": 1 for n in range(2_000)}, {"parts": [1] * 2_000}])
def test_a_million_faults_are_counted_and_not_told(many: dict[str, Any]) -> None:
    with pytest.raises(FieldInvalid) as raised:
        parse_model(json.dumps({"name": "a", **many}).encode(), Thing)
    assert str(raised.value.values["reason"]).startswith("2000 values")
    assert raised.value.field is None


async def test_a_body_that_need_not_be_is_read_where_there_is_one() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b'{"title": "b"}'

    assert (await post("/maybe")).json() == "none"
    assert (await post("/maybe", json={"title": "a"})).json() == "a"
    assert (await post("/maybe", content=parts(), headers=JSON)).json() == "b"
    assert (await post("/maybe", content=b"{}")).status_code == 415


async def test_what_the_caller_sent_is_not_echoed() -> None:
    response = await post("/json", json={"name": 1, "number": "SECRET"})
    assert "SECRET" not in response.text


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_another_content_type_is_a_415(media_type: str) -> None:
    for path in ("/json", "/files"):
        response = await post(path, content=b"{}", headers={"content-type": media_type})
        assert response.status_code == 415


async def test_a_compressed_body_is_a_415() -> None:
    response = await post("/json", content=b"x", headers={**JSON, "content-encoding": "gzip"})
    assert response.status_code == 415


async def test_a_body_over_the_limit_is_a_413_also_without_a_length() -> None:
    async def chunks() -> Any:
        for _ in range(11):
            yield b" " * 100

    for content in (b" " * 1_001, chunks()):
        response = await post("/json", content=content, headers=JSON)
        assert (response.status_code, error_of(response)["code"]) == (413, "request_too_large")


async def test_files_come_by_the_names_of_their_parts() -> None:
    parts = [
        ("article", (None, '{"name": "a"}', "application/json")),
        ("图/一.png", ("x.png", b"1" * 2_000_000, "image/png")),
        ("b.jpg", ("b.jpg", b"", "image/jpeg")),
    ]
    response = await post("/files", files=parts)
    assert response.json() == {"name": "a", "files": {"图/一.png": 2_000_000, "b.jpg": 0}}


async def test_the_document_may_come_as_a_file_or_alone() -> None:
    response = await post("/files", files=[("article", ("a.json", b'{"name": "a"}'))])
    assert response.json() == {"name": "a", "files": {}}
    response = await post("/files", json={"name": "b"})
    assert response.json() == {"name": "b", "files": {}}


FILE = ("a.png", b"1")
DOCUMENT = ("article", (None, '{"name": "a"}'))


@pytest.mark.parametrize(
    "parts",
    [
        [("a.png", FILE)],
        [DOCUMENT, ("a.png", FILE), ("a.png", FILE)],
        [DOCUMENT, ("x" * 513, FILE)],
        [DOCUMENT, ("a.png", (None, "no file"))],
        [DOCUMENT, *((f"{number}.png", FILE) for number in range(101))],
    ],
)
async def test_parts_that_cannot_be_meant_are_a_400(parts: list[Any]) -> None:
    response = await post("/files", files=parts)
    assert (response.status_code, error_of(response)["code"]) == (400, "multipart_invalid")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'--b\r\ncontent-disposition: form-data; name="article"\r\n\r\n{"name": "a"}\r\n--b\r\n',
        b'--b\r\ncontent-disposition: form-data; name="article"\r\n\r\n{"name": "a"}',
        b'--b\r\nbroken\r\n\r\n{"name": "a"}\r\n--b--\r\n',
    ],
)
async def test_a_body_that_was_cut_off_is_a_400(body: bytes) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    response = await post("/files", content=body, headers=headers)
    assert (response.status_code, error_of(response)["code"]) == (400, "multipart_invalid")


async def test_multipart_without_a_boundary_is_a_400() -> None:
    headers = {"content-type": "multipart/form-data"}
    response = await post("/files", content=b"--b--", headers=headers)
    assert response.status_code == 400


async def test_a_body_for_which_there_is_no_memory_is_a_503_from_its_first_byte() -> None:
    with BUDGET.share() as other:
        other.reach(2_999_000)
        response = await post("/files", files=[DOCUMENT, ("a.png", ("a.png", b"1" * 2_000))])
    assert (response.status_code, error_of(response)["code"]) == (503, "server_busy")
    assert response.headers["retry-after"] == "1"
    assert (await post("/files", files=[DOCUMENT])).status_code == 200
    assert BUDGET.used_bytes == 0


def _multipart(head: bytes, body: bytes = b'{"name": "a"}') -> bytes:
    head = b"--b\r\ncontent-disposition: form-data; " + head
    return head + b"\r\n\r\n" + body + b"\r\n--b--\r\n"


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-16", "rot13", "zlib", "nonsense"])
async def test_the_charset_of_a_multipart_body_is_utf8_whatever_it_says(charset: str) -> None:
    headers = {"content-type": f"multipart/form-data; charset={charset}; boundary=b"}
    body = _multipart(b'name="article"', '{"name": "名"}'.encode())
    assert (await post("/files", content=body, headers=headers)).json()["name"] == "名"


@pytest.mark.parametrize("as_file", [b"", b'; filename="a"'])
@pytest.mark.parametrize("text", [b'{"name": "\xff"}', b'{"name": "\\ud800"}'])
async def test_a_document_that_is_not_utf8_is_a_400(text: bytes, as_file: bytes) -> None:
    headers = {"content-type": "multipart/form-data; charset=unicode_escape; boundary=b"}
    body = _multipart(b'name="article"' + as_file, text)
    response = await post("/files", content=body, headers=headers)
    assert (response.status_code, error_of(response)["code"]) == (400, "json_invalid")


@pytest.mark.parametrize("name", [b"\xff", b"\xed\xa0\x80", b"a\x00", b"a\x1f.png", b"a\x7f", b""])
async def test_a_part_name_that_no_file_can_have_is_a_400(name: bytes) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    body = _multipart(b'name="%b"; filename="a"' % name)
    response = await post("/files", content=body, headers=headers)
    assert (response.status_code, error_of(response)["code"]) == (400, "multipart_invalid")


@pytest.mark.parametrize("boundary", ["b%C3", "x" * 71, '"a\\"b"', ""])
async def test_a_boundary_that_mail_would_not_take_is_a_400(boundary: str) -> None:
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    response = await post("/files", content=_multipart(b'name="article"'), headers=headers)
    assert (response.status_code, error_of(response)["code"]) == (400, "multipart_invalid")


async def test_one_file_of_a_form_comes_with_what_its_sender_calls_it() -> None:
    async def upload(request: Request) -> Response:
        with BUDGET.share() as share:
            sent = await read_upload(request, "file", max_bytes=1_000, share=share)
        return JSONResponse([sent.name, sent.media_type, sent.data.decode()])

    app = Starlette(
        routes=[Route("/", upload, methods=["POST"])], exception_handlers=EXCEPTION_HANDLERS
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://gate"
    ) as http:
        kept = await http.post("/", files={"file": ("图.png", b"data", "image/png")})
        assert kept.json() == ["图.png", "image/png", "data"]
        two = await http.post("/", files=[("file", b"1"), ("file", b"2")])
        text = await http.post("/", files={"file": (None, b"data")})
        large = await http.post("/", files={"file": ("a", b"x" * 1_000)})
    codes = [(each.status_code, error_of(each)["code"]) for each in (two, text, large)]
    assert codes == [
        (400, "multipart_invalid"),
        (400, "multipart_invalid"),
        (413, "request_too_large"),
    ]
