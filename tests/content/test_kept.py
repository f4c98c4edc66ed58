from typing import Any

import pytest

from content.article import ArticleFields
from content.kept import KeptRenderings, key_of
from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool


class Counts(dict[str, int]):
    def count(self, event: str, account: str) -> None:
        self[event] = self.get(event, 0) + 1


@pytest.fixture
def counts() -> Counts:
    return Counts()


async def test_the_same_article_is_rendered_once(pool: WorkerPool, counts: Counts) -> None:
    renderer = Renderer(pool, ContentSettings(), KeptRenderings(10**6, counts))
    fields = ArticleFields(markdown="# 题\n\n正文")
    first = await renderer.render(fields)
    assert await renderer.render(fields) is first
    assert counts == {"miss": 1, "set": 1, "hit": 1}


@pytest.mark.parametrize(
    "other",
    [
        {"markdown": "# 题\n\n正文。"},
        {"title": "另"},
        {"options": {"link_references": False}},
        {"theme": "default", "author": "我"},
    ],
)
async def test_whatever_differs_makes_another(
    pool: WorkerPool, counts: Counts, other: dict[str, Any]
) -> None:
    renderer = Renderer(pool, ContentSettings(), KeptRenderings(10**6, counts))
    await renderer.render(ArticleFields(markdown="# 题\n\n正文"))
    await renderer.render(ArticleFields.model_validate({"markdown": "# 题\n\n正文", **other}))
    assert counts["miss"] == 2


async def test_room_is_bounded_and_the_oldest_goes_first(pool: WorkerPool, counts: Counts) -> None:
    kept = KeptRenderings(3 * 3_000, counts)
    renderer = Renderer(pool, ContentSettings(), kept)
    for number in range(5):
        await renderer.render(ArticleFields(markdown=f"{number}", title="题"))
    assert kept.size_bytes <= kept.max_bytes
    assert kept.entries == 5 - counts["eviction"] < 5
    await renderer.render(ArticleFields(markdown="4", title="题"))
    assert counts["hit"] == 1
    kept.clear()
    assert kept.entries == 0


async def test_what_is_larger_than_the_room_is_not_kept(pool: WorkerPool, counts: Counts) -> None:
    kept = KeptRenderings(1_000, counts)
    await Renderer(pool, ContentSettings(), kept).render(ArticleFields(markdown="a", title="题"))
    assert (kept.entries, counts) == (0, {"miss": 1})


def test_the_order_of_what_was_given_does_not_matter() -> None:
    assert key_of({"a": 1, "b": {"c": 2, "d": 3}}) == key_of({"b": {"d": 3, "c": 2}, "a": 1})
    assert key_of({"a": 1}) != key_of({"a": "1"})
