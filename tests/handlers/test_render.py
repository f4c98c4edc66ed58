from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from content.filling import TemplateFiller
from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.errors import EXCEPTION_HANDLERS
from handlers.render import RenderHandler


@pytest.fixture
def app(workers: WorkerPool, templates: TemplateFiller) -> AccessMiddleware:
    handler = RenderHandler(Renderer(workers, ContentSettings()), templates)
    routes = [Route("/v1/render", handler.render, methods=["POST"])]
    return AccessMiddleware(
        Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS), Metrics()
    )


async def test_the_answer_has_all_that_the_contract_names(http: Any, app: Any) -> None:
    async with http(app) as caller:
        response = await caller.post(
            "/v1/render",
            json={"markdown": "# 题目\n\n正文 ![景](a.png)", "theme": "default", "options": {}},
        )
    told = response.json()
    named = {"html", "title", "digest", "keywords", "images", "warnings", "stats"}
    assert set(told) == named | {"article_type", "text"}
    assert (told["article_type"], told["text"]) == ("news", "")
    assert told["title"] == "题目"
    assert told["images"] == [{"src": "a.png", "alt": "景"}]
    assert set(told["stats"]) == {"characters", "bytes", "reading_minutes"}
    assert "<h1" not in told["html"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"markdown": "x", "theme": "nope"}, 422, "theme_unknown"),
        ({"markdown": "x", "options": {"a": 1}}, 422, "field_invalid"),
        ({"markdown": "---\ntitle: [\n---\nx"}, 422, "front_matter_invalid"),
        ({"markdown": "x", "html": "y"}, 422, "field_invalid"),
        ([], 422, "field_invalid"),
    ],
)
async def test_what_cannot_be_rendered_is_refused(
    http: Any, app: Any, body: Any, status: int, code: str
) -> None:
    async with http(app) as caller:
        response = await caller.post("/v1/render", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


async def test_a_newspic_is_text_and_pictures(http: Any, app: Any) -> None:
    async with http(app) as caller:
        response = await caller.post(
            "/v1/render",
            json={
                "markdown": "# 题\n\n一\n\n买 {{product:10001}}",
                "images": ["a.png", "b.png"],
                "products": [{"product_id": "10001"}],
            },
        )
    told = response.json()
    assert (told["article_type"], told["html"]) == ("newspic", "")
    assert told["text"] == "一\n\n买 {{product:10001}}"
    assert [image["src"] for image in told["images"]] == ["a.png", "b.png"]
