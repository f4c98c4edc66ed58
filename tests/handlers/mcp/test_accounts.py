from tests.handlers.mcp.conftest import DRAFT_KEY, Agents


async def test_a_key_sees_its_accounts(agent: Agents) -> None:
    async with agent() as client:
        several = await client.call_tool("list_accounts", {})
    async with agent(DRAFT_KEY) as client:
        one = await client.call_tool("list_accounts", {})
    assert several.structured_content["default"] is None
    assert one.structured_content["default"] == "main"


async def test_an_account_of_others_is_unknown(agent: Agents) -> None:
    async with agent(DRAFT_KEY) as client:
        told = await client.call_tool("create_draft", {"markdown": "# T", "account": "personal"})
    assert told.structured_content["error"]["code"] == "account_unknown"
