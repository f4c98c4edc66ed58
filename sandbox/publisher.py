from collections.abc import Callable

from sandbox.models import Article, Draft, Page, Publication
from sandbox.newsitems import page_url
from sandbox.settings import SandboxAccount
from sandbox.world import Outcome, World
from wechat.freepublish import PublishStatus

# Told of every publication that has reached its end: the account, its publish_id and itself.
Finished = Callable[[SandboxAccount, str, Publication], None]

# Outcomes that a publication meets only after it was live.
_LIVE_FIRST = frozenset({PublishStatus.DONE, PublishStatus.DELETED, PublishStatus.BANNED})


class Publisher:
    """Carries publications from status 1 to their end, when their time has come."""

    def __init__(self, world: World, finished: Finished) -> None:
        self._world = world
        self._finished = finished
        # Those in progress, so that looking for due ones costs nothing while there are none.
        self._pending = {
            (account, publish_id): publication.done_at
            for account, publish_id, publication in world.publications
            if publication.publish_status == PublishStatus.IN_PROGRESS
        }

    def start(
        self, account: SandboxAccount, media_id: str, draft: Draft, outcome: Outcome
    ) -> tuple[str, Publication]:
        """Take a draft for publishing; returns the publish_id."""
        now = self._world.clock()
        publish_s = outcome.publish_s
        if publish_s is None:
            publish_s = self._world.settings.publish_s
        publish_id = str(2_247_000_000 + len(self._world.publications.of(account.app_id)) + 1)
        publication = Publication(
            media_id=media_id,
            publish_status=PublishStatus.IN_PROGRESS,
            outcome=outcome.publish_status,
            done_at=now + publish_s,
            article_id=self._world.new_id(43),
            # Pages of their own: the draft's previews end with the draft.
            articles=tuple(self._published(article) for article in draft.articles),
            update_time=int(now),
        )
        self._world.publications.put(account.app_id, publish_id, publication)
        self._pending[account.app_id, publish_id] = publication.done_at
        self._world.ledger.commit(
            "publication",
            account.app_id,
            publish_id=publish_id,
            media_id=media_id,
            title=draft.articles[0].title,
        )
        return publish_id, publication

    def in_progress(self, app_id: str, media_id: str) -> bool:
        """Whether the draft is being published right now."""
        return any(
            publication.media_id == media_id
            and publication.publish_status == PublishStatus.IN_PROGRESS
            for _, publication in self._world.publications.of(app_id)
        )

    def settle(self) -> None:
        """End every publication whose time has come."""
        now = self._world.clock()
        due = [key for key, done_at in self._pending.items() if done_at <= now]
        for app_id, publish_id in due:
            del self._pending[app_id, publish_id]
            publication = self._world.publications.get(app_id, publish_id)
            account = self._world.account(app_id)
            if publication is not None and account is not None:
                self._end(account, publish_id, publication)

    def forget(self) -> None:
        """Drop what is under way; for a reset of the world."""
        self._pending.clear()

    def _end(self, account: SandboxAccount, publish_id: str, publication: Publication) -> None:
        app_id, outcome = account.app_id, publication.outcome
        changes = {"publish_status": outcome, "update_time": int(self._world.clock())}
        publication = publication.model_copy(update=changes)
        self._world.publications.put(app_id, publish_id, publication)
        if outcome in _LIVE_FIRST:
            self._go_live(app_id, publish_id, publication)
        self._finished(account, publish_id, publication)

    def _go_live(self, app_id: str, publish_id: str, publication: Publication) -> None:
        # What is published leaves the draft box.
        if self._world.drafts.get(app_id, publication.media_id) is not None:
            self._world.drafts.remove(app_id, publication.media_id)
        for index, article in enumerate(publication.articles):
            page = Page(account=app_id, kind="article", id=publish_id, index=index)
            self._world.pages.put("", article.page, page)
        self._world.ledger.commit(
            "article",
            app_id,
            publish_id=publish_id,
            article_id=publication.article_id,
            media_id=publication.media_id,
            title=publication.articles[0].title,
            url=page_url(self._world, publication.articles[0]),
        )

    def _published(self, article: Article) -> Article:
        return article.model_copy(update={"page": self._world.new_id(22)})
