import json
from typing import Any

import pytest

from content.relayed.inspect import DraftLint
from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool, WorkFailed

COVER = "a" * 43


async def rules(pool: WorkerPool, articles: Any) -> list[tuple[str, str | None]]:
    lint = DraftLint(pool, Renderer(pool, ContentSettings()))
    notes = await lint.look("main", json.dumps({"articles": articles}).encode())
    return [(note.rule, note.field) for note in notes]


def article(**more: Any) -> dict[str, Any]:
    return {"title": "题", "content": "<p>文</p>", "thumb_media_id": COVER, **more}


async def test_an_honest_article_has_no_findings(pool: WorkerPool) -> None:
    assert await rules(pool, [article()]) == []


async def test_each_article_is_looked_at(pool: WorkerPool) -> None:
    articles = [
        article(),
        article(digest="长" * 200),
        article(content="<script>x</script><p>y</p>"),
    ]
    found = await rules(pool, articles)
    assert ("draft_digest_too_long", "articles[1].digest") in found
    assert any(field and field.startswith("articles[2]") for _, field in found)


async def test_an_update_is_one_article(pool: WorkerPool) -> None:
    found = await rules(pool, article(title="长" * 50))
    assert ("draft_title_too_long", "articles.title") in found


async def test_a_newspic_is_held_against_its_own_rules(pool: WorkerPool) -> None:
    images = {"image_list": [{"image_media_id": COVER}]}
    newspic = {"article_type": "newspic", "title": "题", "content": "文"}
    assert await rules(pool, [{**newspic, "image_info": images}]) == []
    assert "newspic_without_images" in [rule for rule, _ in await rules(pool, [newspic])]


async def test_a_newspic_with_too_many_pictures_is_told(pool: WorkerPool) -> None:
    images = {"image_list": [{"image_media_id": COVER}] * 21}
    newspic = {"article_type": "newspic", "title": "题", "content": "文", "image_info": images}
    assert await rules(pool, [newspic]) == [("too_many_images", "articles[0].image_info")]


async def test_what_no_article_can_be_is_told_without_a_failure(pool: WorkerPool) -> None:
    assert await rules(pool, ["x", 3, None]) == []
    found = await rules(pool, [article(content=None, title=7, thumb_media_id=["x"])])
    assert ("draft_content_empty", "articles[0].content") in found
    too_large = article(content="x" * 1_100_000)
    found = await rules(pool, [too_large, article(digest="长" * 200)])
    assert found == [
        ("enhance_too_large", "articles[0]"),
        ("draft_digest_too_long", "articles[1].digest"),
    ]


async def test_a_body_larger_than_any_draft_is_not_linted(pool: WorkerPool) -> None:
    assert await rules(pool, [article(pad="x" * 9_100_000)]) == [("enhance_too_large", None)]


async def test_what_is_no_json_is_told(pool: WorkerPool) -> None:
    lint = DraftLint(pool, Renderer(pool, ContentSettings()))
    assert [note.rule for note in await lint.look("main", b"{")] == ["enhance_not_readable"]


async def test_a_worker_that_breaks_costs_the_lint_alone(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise WorkFailed

    monkeypatch.setattr(pool, "run", broken)
    assert await rules(pool, [article()]) == [("enhance_failed", None)]
