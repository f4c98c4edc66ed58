from collections.abc import AsyncIterator

import httpx
import pytest

from tests.e2e.conftest import KEY, Opens, Stand
from tests.e2e.wenyan import PNG, Tool

OTHER = "wxg_other_0123456789abcdefghijklmn"


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    both = {"id": "blog", "key": KEY, "accounts": ["main", "personal"], "scopes": ["draft"]}
    other = {"id": "other", "key": OTHER, "accounts": ["main"], "scopes": ["draft"]}
    async with open_stand({"wenyan": {"enabled": True}, "clients": [both, other]}) as opened:
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


async def test_nobody_publishes_what_another_client_uploaded(stand: Stand, tool: Tool) -> None:
    target = await tool.article()
    await tool.publish(target)
    other = Tool(stand, OTHER)
    async with other.http:
        assert _code(await other.publish(target)) == (404, "upload_gone")
        uploaded = await tool.upload("publish_target.json", b"{}", "application/json")
        asked = {"fileId": uploaded.json()["data"]["fileId"], "appId": "main"}
        assert _code(await other.http.post("/publish", json=asked)) == (404, "upload_gone")
    assert len(stand.committed("draft")) == 1


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 64, f"{'0' * 64}.json"])
async def test_a_file_id_that_was_never_given_names_nothing(tool: Tool, name: str) -> None:
    answer = await tool.http.post("/publish", json={"fileId": name, "appId": "main"})
    assert _code(answer)[0] in (404, 422)


async def test_a_picture_is_no_article(tool: Tool) -> None:
    uploaded = await tool.upload("a.png", PNG, "image/png")
    asked = {"fileId": uploaded.json()["data"]["fileId"], "appId": "main"}
    assert _code(await tool.http.post("/publish", json=asked)) == (400, "json_invalid")


async def test_an_account_is_named_where_there_are_several(tool: Tool) -> None:
    target = {"title": "题", "content": "<p>文</p>"}
    assert _code(await tool.publish(target, appId="wx0000000000000000")) == (404, "account_unknown")
    assert _code(await tool.publish(target, appId=None)) == (400, "app_id_missing")
    tool.http.headers["x-wxgate-account"] = "main"
    assert (await tool.publish(target, appId=None)).status_code == 200


async def test_what_wechat_would_refuse_is_said_with_what_to_do(stand: Stand, tool: Tool) -> None:
    answer = await tool.publish({"title": "题" * 40, "content": "<p>文</p>"})
    assert _code(answer) == (422, "draft_title_too_long")
    assert answer.json()["error"]["hint"] in answer.json()["desc"]
    assert stand.committed("draft") == []


async def test_a_theme_that_is_not_here_is_told_with_those_that_are(tool: Tool) -> None:
    target = {"title": "题", "content": "# 题\n\n```py\n1\n```"}
    for theme, highlight in (("lapis", "monokai"), ("rainbow", "github"), ("scholar", "nord")):
        plain = await tool.publish(target, theme=theme, highlight=highlight)
        assert plain.status_code == 200, plain.text
    for field, code in (("theme", "theme_unknown"), ("highlight", "code_theme_unknown")):
        answer = await tool.publish(target, **{"theme": "default", field: "no-such"})
        assert _code(answer) == (422, code)
        assert "default, " in answer.json()["desc"]
    answer = await tool.publish(target, customTheme="/home/me/mine.css")
    assert _code(answer) == (422, "custom_theme_unread")


async def test_a_cover_that_cannot_be_is_told_beside_the_draft(tool: Tool) -> None:
    first, second = await tool.picture("a.png"), await tool.picture("b.png", PNG + b"\0")
    target = {"title": "图", "content": "文", "image_list": [first, second]}
    assert "warnings" not in (await tool.publish({**target, "cover": first})).json()
    answer = await tool.publish({**target, "cover": second})
    assert answer.status_code == 200, answer.text
    assert "image_list" in answer.json()["warnings"][0]
