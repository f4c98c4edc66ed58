from pathlib import Path
from typing import Any

from content.article import ArticleFields
from content.settings import ContentSettings
from server.rendering import open_renderer


async def test_a_renderer_needs_nothing_but_its_settings(tmp_path: Path) -> None:
    async with open_renderer(ContentSettings()) as renderer:
        rendered = await renderer.render(ArticleFields(markdown="# 一\n\n**粗**"))
    assert rendered.title == "一"
    assert list(tmp_path.iterdir()) == []


async def test_a_preview_asked_for_again_comes_from_the_cache_that_statistics_show(
    stand: Any,
) -> None:
    for _ in range(3):
        answer = await stand.http.post("/v1/render", json={"markdown": "# 题\n\n正文"})
        assert answer.status_code == 200
    caches = (await stand.http.get("/v1/stats/cache")).json()["caches"]
    shown = next(cache for cache in caches if cache["cache"] == "render")
    assert (shown["hits"], shown["misses"], shown["entries"]) == (2, 1, 1)
    assert 0 < shown["bytes"] < shown["capacity"] == 8_000_000


async def test_without_room_there_is_no_such_cache(open_stand: Any) -> None:
    async with open_stand(change={"content": {"render_cache_mb": 0}}) as stand:
        await stand.http.post("/v1/render", json={"markdown": "# 题\n\n正文"})
        caches = (await stand.http.get("/v1/stats/cache")).json()["caches"]
        assert "render" not in {cache["cache"] for cache in caches}
