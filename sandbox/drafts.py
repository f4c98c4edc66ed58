from typing import Any

from sandbox.answers import Answer, Refused, json_answer, ok
from sandbox.apicall import AccountHandler, ApiCall
from sandbox.articles import ArticleReader
from sandbox.bodies import has_escapes
from sandbox.models import Article, Draft, Page
from sandbox.newsitems import news_items
from sandbox.settings import SandboxAccount
from sandbox.world import World
from wechat.limits import ARTICLES_PER_DRAFT


class Drafts:
    """draft/*: the draft box."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._reader = ArticleReader(world)

    def handlers(self) -> dict[str, AccountHandler]:
        """The calls of this family."""
        return {
            "/cgi-bin/draft/add": self.add,
            "/cgi-bin/draft/update": self.update,
            "/cgi-bin/draft/get": self.get,
            "/cgi-bin/draft/delete": self.delete,
            "/cgi-bin/draft/count": self.count,
            "/cgi-bin/draft/batchget": self.batchget,
            "/cgi-bin/draft/switch": self.switch,
        }

    def add(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """A new draft at each call."""
        self._check_escapes(call)
        articles = call.json.get("articles")
        if not isinstance(articles, list) or not articles:
            raise Refused(44003)
        if len(articles) > ARTICLES_PER_DRAFT:
            raise Refused(45008)
        alone = len(articles) == 1
        read = tuple(self._reader.read(data, account, alone=alone) for data in articles)
        media_id = self._world.new_id(64)
        now = int(self._world.clock())
        draft = Draft(articles=read, create_time=now, update_time=now)
        self._world.drafts.put(account.app_id, media_id, draft)
        for index, article in enumerate(read):
            self._show(account, media_id, index, article)
        self._world.ledger.commit(
            "draft", account.app_id, media_id=media_id, titles=[article.title for article in read]
        )
        return json_answer({"media_id": media_id})

    def update(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Replace one article; its place is `index`, counted from 0."""
        self._check_escapes(call)
        media_id, draft = self._find(call, account)
        data = call.json.get("articles")
        if not isinstance(data, dict):
            raise Refused(47001)
        index = call.integer("index", 40114)
        if not 0 <= index < len(draft.articles):
            raise Refused(40114)
        alone = len(draft.articles) == 1
        article = self._reader.read(data, account, alone=alone)
        # The preview's address stays what it was.
        article = article.model_copy(update={"page": draft.articles[index].page})
        articles = (*draft.articles[:index], article, *draft.articles[index + 1 :])
        now = int(self._world.clock())
        changed = draft.model_copy(update={"articles": articles, "update_time": now})
        self._world.drafts.put(account.app_id, media_id, changed)
        self._world.ledger.commit(
            "draft_update", account.app_id, media_id=media_id, index=index, title=article.title
        )
        return ok()

    def get(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """A draft as it was kept, each article with the address of its preview."""
        _, draft = self._find(call, account)
        items = news_items(self._world, account.app_id, draft.articles)
        times = {"create_time": draft.create_time, "update_time": draft.update_time}
        return json_answer({"news_item": items} | times)

    def delete(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Remove a draft for good."""
        media_id, _ = self._find(call, account)
        self._world.drafts.remove(account.app_id, media_id)
        self._world.ledger.commit("draft_delete", account.app_id, media_id=media_id)
        return ok()

    def count(self, _call: ApiCall, account: SandboxAccount) -> Answer:
        """How many drafts there are."""
        return json_answer({"total_count": len(self._world.drafts.of(account.app_id))})

    def batchget(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """A page of drafts, last changed first."""
        offset, count = call.window()
        no_content = call.integer("no_content", 40097, default=0) == 1
        drafts = self._world.drafts.of(account.app_id)[::-1]
        drafts.sort(key=lambda pair: -pair[1].update_time)
        items = [
            self._item(account, media_id, draft, no_content=no_content)
            for media_id, draft in drafts[offset : offset + count]
        ]
        return json_answer({"total_count": len(drafts), "item_count": len(items), "item": items})

    def switch(self, _call: ApiCall, _account: SandboxAccount) -> Answer:
        """Every account of the sandbox has its draft box on."""
        return ok(is_open=1)

    def _item(
        self, account: SandboxAccount, media_id: str, draft: Draft, *, no_content: bool
    ) -> dict[str, Any]:
        items = news_items(self._world, account.app_id, draft.articles, no_content=no_content)
        content = {
            "news_item": items,
            "create_time": draft.create_time,
            "update_time": draft.update_time,
        }
        return {"media_id": media_id, "content": content, "update_time": draft.update_time}

    def _find(self, call: ApiCall, account: SandboxAccount) -> tuple[str, Draft]:
        media_id = call.text("media_id", 40007)
        draft = self._world.drafts.get(account.app_id, media_id)
        if draft is None:
            raise Refused(40007)
        return media_id, draft

    def _show(self, account: SandboxAccount, media_id: str, index: int, article: Article) -> None:
        page = Page(account=account.app_id, kind="draft", id=media_id, index=index)
        self._world.pages.put("", article.page, page)

    def _check_escapes(self, call: ApiCall) -> None:
        if self._world.settings.escapes == "refuse_47002" and has_escapes(call.body):
            raise Refused(47002)
