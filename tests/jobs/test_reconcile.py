from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from jobs.once import Absent, Found, Unclear
from jobs.plaintext import text_hash
from jobs.reconcile import ArticlePrint, Fingerprint, Reconcile
from store import intents, jobs
from store.engine import Database
from store.intents import IntentRow
from tests.store.rows import intent_row, job_row
from wechat.call import Upload, WeChatRefused
from wechat.draft import BATCHGET as DRAFTS
from wechat.draft import GET as DRAFT
from wechat.draft import Article, DraftClient
from wechat.freepublish import BATCHGET as PUBLICATIONS
from wechat.freepublish import FreepublishClient

SENT_AT = 10_000.0
WORDS = "<p>正文</p>"
ARTICLE = Article(title="标题", content=WORDS, thumb_media_id="thumb", digest="摘要")
PAIR = (
    Article(title="上", content=WORDS, thumb_media_id="thumb"),
    Article(title="下", content="图\n说", article_type="newspic", image_media_ids=("p1", "p2")),
)


def _print(articles: Sequence[Article] = (ARTICLE,), media_id: str = "") -> Fingerprint:
    prints = (ArticlePrint.of(article, text_hash(article.content)) for article in articles)
    return Fingerprint(tuple(prints), media_id)


class Lists:
    """Keeps the Protocol Call: WeChat's lists as a test sets them, pages of 20."""

    def __init__(self) -> None:
        self.drafts: list[dict[str, Any]] = []
        self.published: list[dict[str, Any]] = []
        self.pages = 0

    def draft(self, media_id: str, at: float = SENT_AT, **news: Any) -> None:
        item = {"title": "标题", "digest": "摘要", "thumb_media_id": "thumb", "content": WORDS}
        self.drafts.append(_item("media_id", media_id, at, {**item, **news}))

    def article(self, article_id: str, at: float = SENT_AT, **news: Any) -> None:
        item = {"title": "标题", "content": WORDS, "url": f"https://mp/{article_id}"}
        self.published.append(_item("article_id", article_id, at, {**item, **news}))

    async def post(
        self, _account: str, path: str, body: Mapping[str, Any], *, query: Any = None
    ) -> dict[str, Any]:
        if path == DRAFT:
            for item in self.drafts:
                if item["media_id"] == body["media_id"]:
                    return dict(item["content"])
            raise WeChatRefused(errcode=40007, errmsg="invalid media_id", path=path)
        self.pages += 1
        listed = {DRAFTS: self.drafts, PUBLICATIONS: self.published}[path]
        newest = sorted(listed, key=lambda item: -item["update_time"])
        return {"item": newest[body["offset"] : body["offset"] + body["count"]]}

    async def get(self, account: str, path: str, *, query: Any = None) -> dict[str, Any]:
        raise AssertionError

    async def upload(
        self, account: str, path: str, upload: Upload, *, query: Any = None
    ) -> dict[str, Any]:
        raise AssertionError


def _item(name: str, value: str, at: float, news: dict[str, Any]) -> dict[str, Any]:
    return {name: value, "update_time": at, "content": {"news_item": [news]}}


class Desk:
    def __init__(self, database: Database) -> None:
        self.lists = Lists()
        self.reconcile = Reconcile(database, DraftClient(self.lists), FreepublishClient(self.lists))
        made = _print().as_json()
        self.added: IntentRow = intent_row(sent_at=SENT_AT, fingerprint=made)
        submitted = _print(media_id="draft-1").as_json()
        self.submitted: IntentRow = intent_row(
            effect="submit", sent_at=SENT_AT, fingerprint=submitted
        )


@pytest.fixture
async def desk(database: Database) -> Desk:
    async with database.write() as connection:
        await jobs.insert(connection, job_row())
        await jobs.insert(connection, job_row("job_2"))
        other = intent_row("job_2", outcome="answered", media_id="theirs")
        await intents.insert(connection, other)
        published = intent_row("job_2", effect="submit", outcome="answered", article_id="their-art")
        await intents.insert(connection, published)
    return Desk(database)


def test_a_fingerprint_survives_being_kept() -> None:
    made = _print(PAIR, media_id="m")
    assert Fingerprint.from_json(made.as_json()) == made


async def test_a_draft_is_known_by_title_digest_cover_and_words(desk: Desk) -> None:
    desk.lists.draft("other-title", title="别的")
    desk.lists.draft("other-cover", thumb_media_id="x")
    desk.lists.draft("other-digest", digest="x")
    desk.lists.draft("ours", content="<section>正 文</section>")
    assert await desk.reconcile.draft(desk.added) == Found({"media_id": "ours"})


async def test_of_two_drafts_that_are_alike_the_older_is_taken(desk: Desk) -> None:
    desk.lists.draft("newer", SENT_AT + 5)
    desk.lists.draft("older", SENT_AT + 1)
    assert await desk.reconcile.draft(desk.added) == Found({"media_id": "older"})


async def test_a_draft_of_another_job_or_from_before_is_not_ours(desk: Desk) -> None:
    desk.lists.draft("theirs")
    desk.lists.draft("old", SENT_AT - 301)
    assert isinstance(await desk.reconcile.draft(desk.added), Absent)


async def test_a_clock_of_wechat_that_is_behind_does_not_hide_the_draft(desk: Desk) -> None:
    desk.lists.draft("ours", SENT_AT - 299)
    assert await desk.reconcile.draft(desk.added) == Found({"media_id": "ours"})


async def test_a_draft_with_other_words_leaves_it_unclear(desk: Desk) -> None:
    desk.lists.draft("alike", content="<p>别的</p>")
    verdict = await desk.reconcile.draft(desk.added)
    assert isinstance(verdict, Unclear)
    assert verdict.evidence["looked_alike"] == ["alike"]


async def test_it_is_found_on_a_later_page(desk: Desk) -> None:
    for number in range(45):
        desk.lists.draft(f"d{number}", SENT_AT + 100 + number, title="别的")
    desk.lists.draft("ours", SENT_AT)
    assert await desk.reconcile.draft(desk.added) == Found({"media_id": "ours"})
    assert desk.lists.pages == 3


async def test_pages_older_than_the_send_are_not_read(desk: Desk) -> None:
    for number in range(60):
        desk.lists.draft(f"d{number}", SENT_AT - 400 - number)
    assert isinstance(await desk.reconcile.draft(desk.added), Absent)
    assert desk.lists.pages == 1


async def test_a_list_without_an_end_proves_nothing(desk: Desk) -> None:
    for number in range(300):
        desk.lists.draft(f"d{number}", SENT_AT + number, title="别的")
        desk.lists.article(f"a{number}", SENT_AT + number, title="别的")
    assert isinstance(await desk.reconcile.draft(desk.added), Unclear)
    assert isinstance(await desk.reconcile.publication(desk.submitted), Unclear)


async def test_a_publication_is_known_by_title_and_words(desk: Desk) -> None:
    desk.lists.article("other", title="别的")
    desk.lists.article("ours", content="<section>正 文</section>")
    found = {"article_id": "ours", "article_urls": ["https://mp/ours"]}
    assert await desk.reconcile.publication(desk.submitted) == Found(found)


async def test_an_article_is_a_twins_while_our_draft_is_in_the_box(desk: Desk) -> None:
    desk.lists.draft("draft-1")
    desk.lists.article("twin")
    verdict = await desk.reconcile.publication(desk.submitted)
    assert isinstance(verdict, Absent)
    assert not verdict.resend
    assert verdict.evidence["looked_alike"] == ["twin"]
    listed, _ = await desk.reconcile.published("main", SENT_AT)
    ours = _print(media_id="draft-1")
    of_job = {"account": "main", "job_id": "job_1"}
    assert await desk.reconcile.match(listed, ours, **of_job) is None
    desk.lists.drafts.clear()
    found = await desk.reconcile.match(listed, ours, **of_job)
    assert found is not None
    assert found.id == "twin"


async def test_a_draft_that_is_still_there_may_be_submitted_again(desk: Desk) -> None:
    desk.lists.draft("draft-1")
    desk.lists.article("their-art")
    desk.lists.article("old", SENT_AT - 400)
    verdict = await desk.reconcile.publication(desk.submitted)
    assert isinstance(verdict, Absent)
    assert verdict.resend


async def test_a_draft_that_is_gone_without_an_article_may_not(desk: Desk) -> None:
    verdict = await desk.reconcile.publication(desk.submitted)
    assert isinstance(verdict, Absent)
    assert not verdict.resend


async def test_a_published_namesake_leaves_it_unclear(desk: Desk) -> None:
    desk.lists.draft("draft-1")
    desk.lists.article("alike", content="<p>别的</p>")
    assert isinstance(await desk.reconcile.publication(desk.submitted), Unclear)


@pytest.mark.parametrize("item", [{}, {"content": None}, {"content": {"news_item": "x"}}])
async def test_an_item_of_another_shape_is_passed_over(desk: Desk, item: dict[str, Any]) -> None:
    desk.lists.published.append({"article_id": "x", "update_time": SENT_AT, **item})
    desk.lists.draft("draft-1")
    assert isinstance(await desk.reconcile.publication(desk.submitted), Absent)


NEWS = (
    {"title": "上", "digest": "微信做的", "thumb_media_id": "thumb", "content": WORDS, "url": "/1"},
    {
        "title": "下",
        "content": "图 说",
        "image_info": {"image_list": [{"image_media_id": "p1"}, {"image_media_id": "p2"}]},
        "url": "/2",
    },
)


def _listed(name: str, value: str, *news: dict[str, Any], at: float = SENT_AT) -> dict[str, Any]:
    return {name: value, "update_time": at, "content": {"news_item": list(news)}}


async def test_a_draft_of_several_is_known_by_all_its_articles_in_order(desk: Desk) -> None:
    upper, lower = NEWS
    desk.added = replace(desk.added, fingerprint=_print(PAIR).as_json())
    desk.lists.drafts = [
        _listed("media_id", "one", upper),
        _listed("media_id", "turned", lower, upper),
        _listed("media_id", "more", upper, lower, lower),
        _listed("media_id", "other-cover", upper, {**lower, "image_info": {"image_list": []}}),
    ]
    assert isinstance(await desk.reconcile.draft(desk.added), Absent)
    desk.lists.drafts.append(_listed("media_id", "ours", upper, lower, at=SENT_AT + 1))
    assert await desk.reconcile.draft(desk.added) == Found({"media_id": "ours"})
    desk.lists.drafts[-1]["content"]["news_item"][1] = {**lower, "content": "别的"}
    assert isinstance(await desk.reconcile.draft(desk.added), Unclear)


async def test_a_publication_of_several_is_found_with_the_address_of_each(desk: Desk) -> None:
    upper, lower = NEWS
    wanted = _print(PAIR, "draft-1").as_json()
    desk.submitted = replace(desk.submitted, fingerprint=wanted)
    desk.lists.published = [_listed("article_id", "part", upper)]
    verdict = await desk.reconcile.publication(desk.submitted)
    assert isinstance(verdict, Absent)  # the draft is gone: never sent again by itself
    assert not verdict.resend
    desk.lists.published.append(_listed("article_id", "ours", upper, lower))
    found = Found({"article_id": "ours", "article_urls": ["/1", "/2"]})
    assert await desk.reconcile.publication(desk.submitted) == found
