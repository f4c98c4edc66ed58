from tests.e2e.conftest import Stand
from tests.handlers.mcp.conftest import Agents, gist


async def test_an_article_is_laid_out_without_touching_wechat(agent: Agents, gate: Stand) -> None:
    before = gate.calls()
    async with agent() as client:
        brief = await client.call_tool("render", {"markdown": "# Title\n\nText"})
        whole = await client.call_tool(
            "render", {"markdown": "# Title\n\nText", "include_html": True}
        )
    assert brief.structured_content["title"] == "Title"
    assert brief.structured_content["html"] == ""
    assert "Text" in whole.structured_content["html"]
    assert gate.calls() == before


async def test_what_is_wrong_is_told_in_a_line(agent: Agents) -> None:
    async with agent() as client:
        told = await client.call_tool("lint", {"markdown": "text", "title": "长" * 80})
    assert told.structured_content["ok"] is False
    assert "[error]" in gist(told)


async def test_themes_are_named_without_their_previews(agent: Agents) -> None:
    async with agent() as client:
        told = await client.call_tool("list_themes", {})
    items = told.structured_content["items"]
    assert {item["kind"] for item in items} == {"article", "code"}
    assert "preview" not in items[0]


async def test_an_errcode_is_explained(agent: Agents) -> None:
    said = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist"
    async with agent() as client:
        told = await client.call_tool("explain_errcode", {"text": said})
        nothing = await client.call_tool("explain_errcode", {"text": "99999999"})
    assert told.structured_content["items"][0]["errcode"] == 40164
    assert told.structured_content["ip"] == "203.0.113.7"
    assert nothing.structured_content["items"] == []
