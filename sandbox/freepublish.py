from typing import Any

from sandbox.answers import Answer, Refused, json_answer, ok
from sandbox.apicall import AccountHandler, ApiCall
from sandbox.models import Article, Publication
from sandbox.newsitems import news_items, page_url
from sandbox.publisher import Publisher
from sandbox.settings import SandboxAccount
from sandbox.world import Outcome, World
from wechat.freepublish import PublishStatus

_FAILED_REVIEW = frozenset({PublishStatus.ORIGINALITY_FAILED, PublishStatus.REVIEW_REFUSED})


class Freepublish:
    """freepublish/*: publishing without a push to followers; the dispatcher checks the right."""

    def __init__(self, world: World, publisher: Publisher) -> None:
        self._world = world
        self._publisher = publisher

    def handlers(self) -> dict[str, AccountHandler]:
        """The calls of this family."""
        return {
            "/cgi-bin/freepublish/submit": self.submit,
            "/cgi-bin/freepublish/get": self.get,
            "/cgi-bin/freepublish/delete": self.delete,
            "/cgi-bin/freepublish/getarticle": self.getarticle,
            "/cgi-bin/freepublish/batchget": self.batchget,
        }

    def submit(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Take a draft; what comes of it shows in freepublish/get later."""
        media_id = call.text("media_id", 40007)
        draft = self._world.drafts.get(account.app_id, media_id)
        if draft is None:
            raise Refused(40007)
        if self._world.settings.resubmit == "refuse_40007" and self._publisher.in_progress(
            account.app_id, media_id
        ):
            raise Refused(40007)
        outcomes = self._world.outcomes
        outcome = outcomes.get(media_id) or outcomes.get("*") or Outcome()
        if outcome.errcode:
            raise Refused(outcome.errcode)
        publish_id, _ = self._publisher.start(account, media_id, draft, outcome)
        extra = {"msg_data_id": int(publish_id)} if self._world.settings.msg_data_id else {}
        return ok(publish_id=publish_id, **extra)

    def get(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """How far a publication has come."""
        # Some tools send the number as a number; the sample answers in WeChat's doc are texts.
        publish_id = str(call.json.get("publish_id", ""))
        publication = self._world.publications.get(account.app_id, publish_id)
        if publication is None:
            raise Refused(40007)
        status = publication.publish_status
        data: dict[str, Any] = {"publish_id": publish_id, "publish_status": status}
        if status == PublishStatus.DONE:
            data["article_id"] = publication.article_id
            data["article_detail"] = article_detail(self._world, publication)
        in_progress = status == PublishStatus.IN_PROGRESS
        lists_early = in_progress and self._world.settings.fail_idx_in_progress
        failed = lists_early or status in _FAILED_REVIEW
        data["fail_idx"] = list(range(1, len(publication.articles) + 1)) if failed else []
        return json_answer(data)

    def delete(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Take down one article (`index` from 1) or all (0 or absent)."""
        publish_id, publication = self._find(call, account)
        index = call.integer("index", 40114, default=0)
        articles = publication.articles
        if not 0 <= index <= len(articles):
            raise Refused(40114)
        left = tuple(
            _deleted(article) if index in (0, position) else article
            for position, article in enumerate(articles, 1)
        )
        changes: dict[str, Any] = {"articles": left}
        if all(article.is_deleted for article in left):
            changes["publish_status"] = PublishStatus.DELETED
        changed = publication.model_copy(update=changes)
        self._world.publications.put(account.app_id, publish_id, changed)
        self._world.ledger.commit(
            "article_delete", account.app_id, article_id=publication.article_id, index=index
        )
        return ok()

    def getarticle(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """The articles of a publication, deleted ones marked."""
        _, publication = self._find(call, account)
        return json_answer({"news_item": self._items(account, publication)})

    def batchget(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """A page of what is live, newest first."""
        offset, count = call.window()
        no_content = call.integer("no_content", 40097, default=0) == 1
        live = [
            publication
            for _, publication in reversed(self._world.publications.of(account.app_id))
            if publication.publish_status == PublishStatus.DONE
        ]
        items = [
            {
                "article_id": publication.article_id,
                "content": {
                    "news_item": self._items(account, publication, no_content=no_content),
                    "create_time": publication.update_time,
                    "update_time": publication.update_time,
                },
                "update_time": publication.update_time,
            }
            for publication in live[offset : offset + count]
        ]
        return json_answer({"total_count": len(live), "item_count": len(items), "item": items})

    def _items(
        self, account: SandboxAccount, publication: Publication, *, no_content: bool = False
    ) -> list[dict[str, Any]]:
        items = news_items(self._world, account.app_id, publication.articles, no_content=no_content)
        for item, article in zip(items, publication.articles, strict=True):
            item["is_deleted"] = article.is_deleted
        return items

    def _find(self, call: ApiCall, account: SandboxAccount) -> tuple[str, Publication]:
        article_id = call.text("article_id", 53600)
        for publish_id, publication in self._world.publications.of(account.app_id):
            was_live = publication.publish_status in (PublishStatus.DONE, PublishStatus.DELETED)
            if publication.article_id == article_id and was_live:
                return publish_id, publication
        raise Refused(53600)


def article_detail(world: World, publication: Publication) -> dict[str, Any]:
    """`article_detail`: the addresses of a publication's articles, counted from 1."""
    items = [
        {"idx": index, "article_url": page_url(world, article)}
        for index, article in enumerate(publication.articles, 1)
    ]
    return {"count": len(items), "item": items}


def _deleted(article: Article) -> Article:
    return article.model_copy(update={"is_deleted": True})
