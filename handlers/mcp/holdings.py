from typing import Any

from starlette.requests import Request

from core.errors import Text
from handlers.account_choice import AccountChoice
from handlers.library import LibraryHandler, LibraryList, LibraryQuery
from handlers.mcp import words
from handlers.mcp.accounts import AccountName
from handlers.mcp.tool import READS, Run, Told, Tool

_NAMED = 5


class ListInput(LibraryQuery):
    """Which of them, as the query of /v1/accounts/{account}/drafts takes it."""

    account: AccountName = None


class HoldingTools:
    """Lists of what WeChat holds for an account."""

    def __init__(
        self, accounts: AccountChoice, drafts: LibraryHandler, materials: LibraryHandler
    ) -> None:
        self._accounts = accounts
        self._drafts = drafts
        self._materials = materials

    def tools(self) -> list[Tool]:
        """All of them."""
        return [
            Tool(
                about=words.LIST_DRAFTS,
                takes=ListInput,
                gives=LibraryList,
                effect=READS,
                scopes=self._drafts.readers,
                run=self._lists(self._drafts),
            ),
            Tool(
                about=words.LIST_MATERIALS,
                takes=ListInput,
                gives=LibraryList,
                effect=READS,
                scopes=self._materials.readers,
                run=self._lists(self._materials),
            ),
        ]

    def _lists(self, held: LibraryHandler) -> Run:
        async def run(request: Request, asked: ListInput) -> Told:
            account = self._accounts.choose(request, asked.account)
            page = await held.page(request, account, asked)
            return Told(page, _gist(page))

        return run


def _gist(page: dict[str, Any]) -> Text:
    items = page["items"]
    names = "; ".join(f"{item['title']} ({item['id']})" for item in items[:_NAMED])
    more = " …" if len(items) > _NAMED or page["next_cursor"] else ""
    return Text(f"{len(items)} 项：{names}{more}", f"{len(items)} items: {names}{more}")
