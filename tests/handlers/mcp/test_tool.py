from pydantic import BaseModel, SecretStr
from starlette.requests import Request

from accounts.clients import Client, Scope
from core.errors import Text
from handlers.mcp.tool import READS, Told, Tool, tools_for
from handlers.mcp.words import LIST_DRAFTS


async def _nothing(_request: Request, _asked: BaseModel) -> Told:
    return Told({}, Text("", ""))


def _tool(*scopes: Scope) -> Tool:
    return Tool(
        about=LIST_DRAFTS,
        takes=BaseModel,
        gives=BaseModel,
        effect=READS,
        scopes=scopes,
        run=_nothing,
    )


def test_one_of_the_scopes_is_enough_and_none_is_for_everybody() -> None:
    key = SecretStr("wxg_agent_0123456789abcdefghijklmn")
    agent = Client(id="agent", key=key, accounts=("main",), scopes=frozenset({Scope.DRAFT}))
    anybody, drafts, publishes = _tool(), _tool(Scope.DRAFT, Scope.ADMIN), _tool(Scope.PUBLISH)
    assert tools_for(agent, [anybody, drafts, publishes]) == [anybody, drafts]
