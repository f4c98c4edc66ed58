from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from content.article import ArticleFields
from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.errors import EXCEPTION_HANDLERS
from handlers.themes import ThemesHandler


@pytest.fixture
async def renderer(tmp_path: Path) -> AsyncIterator[Renderer]:
    settings = ContentSettings(themes_dir=str(tmp_path))
    workers = WorkerPool(settings.worker_limits(), size=1)
    yield Renderer(workers, settings)
    await workers.aclose()


async def test_all_themes_are_listed_with_previews(
    http: Any, renderer: Renderer, tmp_path: Path
) -> None:
    (tmp_path / "mine.css").write_text(
        "/* zh: 我的\n en: Mine */ p { color: #012345; position: fixed }"
    )
    routes = [Route("/v1/themes", ThemesHandler(renderer).list)]
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    async with http(AccessMiddleware(app, Metrics())) as caller:
        items = (await caller.get("/v1/themes")).json()["items"]
    by_name = {(item["kind"], item["name"]): item for item in items}
    assert len([kind for kind, _ in by_name if kind == "article"]) >= 13
    assert len([kind for kind, _ in by_name if kind == "code"]) >= 10
    mine = by_name["article", "mine"]
    assert (mine["own"], mine["title"]) == (True, {"zh": "我的", "en": "Mine"})
    assert "#012345" in mine["preview"]
    (problem,) = mine["problems"]
    assert (problem["line"], problem["column"], problem["what"]) == (2, 34, "position")
    assert set(problem["message"]) == {"zh", "en"}
    assert by_name["article", "default"]["preview"].startswith("<section>")
    assert set(mine) == {"name", "kind", "title", "description", "own", "problems", "preview"}


async def test_an_own_theme_is_used_in_articles(renderer: Renderer, tmp_path: Path) -> None:
    (tmp_path / "mine.css").write_text("p { color: #012345 }")
    rendered = await renderer.render(ArticleFields(markdown="正文", title="题", theme="mine"))
    assert "color:#012345" in rendered.content
