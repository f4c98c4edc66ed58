from collections.abc import AsyncIterator

import httpx
import pytest

from tests.e2e.conftest import KEY, Opens, Stand
from tests.e2e.wenyan import PNG, Tool

READER = "wxg_reader_0123456789abcdefghijklm"


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    blog = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["draft"]}
    reader = {"id": "reader", "key": READER, "accounts": ["main"], "scopes": ["relay:read"]}
    async with open_stand({"wenyan": {"enabled": True}, "clients": [blog, reader]}) as opened:
        yield opened


@pytest.fixture
async def tool(stand: Stand) -> AsyncIterator[Tool]:
    made = Tool(stand)
    async with made.http:
        yield made


def _code(answer: httpx.Response) -> tuple[int, str]:
    said = answer.json()
    assert said["code"] == -1
    assert said["desc"].startswith(said["error"]["message"])
    return answer.status_code, said["error"]["code"]


async def test_it_says_what_its_tools_look_for(tool: Tool) -> None:
    tool.http.headers.pop("x-api-key")
    health = (await tool.http.get("/health")).json()
    assert (health["status"], health["service"]) == ("ok", "wenyan-cli")
    assert isinstance(health["version"], str)


async def test_a_key_is_needed_for_all_else(tool: Tool) -> None:
    assert (await tool.http.get("/verify")).json() == {"success": True, "message": "Authorized"}
    tool.http.headers["x-api-key"] = "wrong"
    assert _code(await tool.http.get("/verify")) == (401, "auth_key_wrong")
    for key, refusal in (("wrong", 401), (READER, 403)):
        tool.http.headers["x-api-key"] = key
        assert (await tool.upload("a.png", PNG, "image/png")).status_code == refusal
        refused = await tool.http.post("/publish", json={"fileId": "x"})
        assert _code(refused)[0] == refusal


async def test_what_a_known_key_may_not_do_is_told_where_its_tools_show_the_words(
    tool: Tool,
) -> None:
    tool.http.headers["x-api-key"] = READER
    assert (await tool.http.get("/verify")).status_code == 200
    refused = await tool.upload("a.png", PNG, "image/png")
    assert _code(refused) == (403, "scope_missing")


async def test_it_is_off_unless_it_is_switched_on(open_stand: Opens) -> None:
    async with open_stand() as stand:
        for path in ("/wenyan/health", "/wenyan/verify"):
            assert _code(await stand.http.get(path)) == (404, "door_closed")
        answer = await stand.http.post("/wenyan/upload")
        assert "[wenyan]" in answer.json()["desc"]  # what their tools show


async def test_an_upload_answers_as_theirs_does(tool: Tool) -> None:
    answer = await tool.upload("图 1.png", PNG, "image/png")
    said = answer.json()["data"]
    assert answer.json()["success"] is True
    assert (said["originalFilename"], said["mimetype"], said["size"]) == (
        *("图 1.png", "image/png"),
        len(PNG),
    )
    assert said["fileId"].endswith(".图_1.png")


async def test_an_upload_over_the_limit_is_refused_while_it_comes(tool: Tool) -> None:
    answer = await tool.upload("a.png", bytes(20_000_001), "image/png")
    assert _code(answer) == (413, "request_too_large")


@pytest.mark.parametrize(
    ("media_type", "body", "refusal"),
    [
        ("application/json", b"{}", (415, "media_type_unsupported")),
        ("multipart/form-data; boundary=b", b"--b", (400, "upload_invalid")),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="other"; filename="a"\r\n\r\nx\r\n--b--\r\n',
            (400, "upload_invalid"),
        ),
    ],
)
async def test_what_is_no_form_of_theirs_is_refused(
    tool: Tool, media_type: str, body: bytes, refusal: tuple[int, str]
) -> None:
    answer = await tool.http.post("/upload", content=body, headers={"content-type": media_type})
    assert _code(answer) == refusal
