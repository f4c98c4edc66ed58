from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Scope

from accounts.clients import Client
from content.filling import TemplateFiller
from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool
from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware
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


async def test_a_template_is_filled_in_for_those_who_may_make_drafts(
    templates: TemplateFiller, workers: WorkerPool, http: Any
) -> None:
    variables = {"festival": "中秋", "message": "*安*", "sender": "编辑部"}
    body = {"template": "season-greetings", "variables": variables}
    async with http(_as(["draft"], workers, templates)) as caller:
        told = (await caller.post("/v1/render", json=body)).json()
    assert told["title"] == "中秋快乐"
    assert "*安*" in told["html"]
    async with http(_as(["stats"], workers, templates)) as caller:
        assert (await caller.post("/v1/render", json=body)).status_code == 403


def _as(scopes: list[str], workers: WorkerPool, templates: TemplateFiller) -> AuthMiddleware:
    handler = RenderHandler(Renderer(workers, ContentSettings()), templates)
    routes = [Route("/v1/render", handler.render, methods=["POST"])]
    caller = Client.model_validate({"id": "blog", "accounts": ["main"], "scopes": scopes})

    def authenticate(scope: Scope) -> Client:
        scope["state"] = {"request_id": "req_test"}
        return caller

    return AuthMiddleware(
        Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS), authenticate
    )
