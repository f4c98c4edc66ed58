from tests.handlers.mcp.conftest import Agents


async def test_pages_of_drafts_are_turned_and_searched(agent: Agents) -> None:
    async with agent() as client:
        for title in ("一", "二", "三"):
            await client.call_tool("create_draft", {"markdown": f"# 第{title}篇\n\n正文{title}"})
        page = await client.call_tool("list_drafts", {"limit": 2, "refresh": True})
        cursor = page.structured_content["next_cursor"]
        rest = await client.call_tool("list_drafts", {"limit": 2, "cursor": cursor})
        found = await client.call_tool("list_drafts", {"q": "第二篇"})
        wrong = await client.call_tool("list_drafts", {"limit": 2, "cursor": "x"})
    assert len(page.structured_content["items"]) == 2
    assert len(rest.structured_content["items"]) == 1
    assert [item["title"] for item in found.structured_content["items"]] == ["第二篇"]
    assert wrong.structured_content["error"]["field"] == "cursor"


async def test_materials_are_listed(agent: Agents) -> None:
    async with agent() as client:
        await client.call_tool("create_draft", {"markdown": "# 有封面\n\n正文"})
        told = await client.call_tool("list_materials", {"type": ["image"], "refresh": True})
    assert not told.is_error
    assert len(told.structured_content["items"]) == 1
