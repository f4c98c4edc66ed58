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
from handlers.lint import LintHandler


@pytest.fixture
def app(workers: WorkerPool, templates: TemplateFiller) -> AccessMiddleware:
    handler = LintHandler(Renderer(workers, ContentSettings()), templates)
    routes = [Route("/v1/lint", handler.lint, methods=["POST"])]
    starlette = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    return AccessMiddleware(starlette, Metrics())


async def test_all_findings_come_at_once_each_with_a_fix(http: Any, app: Any) -> None:
    async with http(app) as caller:
        response = await caller.post(
            "/v1/lint",
            json={"markdown": "##题\n\n[a](b)", "title": "字" * 33, "theme": "nope"},
            headers={"Accept-Language": "en"},
        )
    told = response.json()
    assert response.status_code == 200
    assert told["ok"] is False
    assert set(told) == {"findings", "stats", "ok"}
    found = {finding["rule"]: finding for finding in told["findings"]}
    assert {"draft_title_too_long", "theme_unknown", "link_relative"} <= set(found)
    assert all(finding["fix"] for finding in told["findings"])
    assert found["draft_title_too_long"]["message"] == "the title has 33 characters, limit 32"
    assert found["heading_without_space"] == {
        "rule": "heading_without_space",
        "level": "warning",
        "message": "no space after #, so it is no heading: ##题",
        "fix": "put a space after the #",
        "field": None,
        "position": {"line": 1, "column": 1},
        "mendable": True,
        "edit": {"start": 2, "end": 2, "text": " "},
    }


async def test_an_article_that_is_well_is_told_so(http: Any, app: Any) -> None:
    async with http(app) as caller:
        response = await caller.post("/v1/lint", json={"markdown": "# 题\n\n正文"})
    assert response.json()["ok"] is True
    assert response.json()["stats"]["characters"] == 2


@pytest.mark.parametrize("body", [{"markdown": "x", "html": "y"}, [], {"nope": 1}])
async def test_what_is_no_article_is_refused(http: Any, app: Any, body: Any) -> None:
    async with http(app) as caller:
        response = await caller.post("/v1/lint", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "field_invalid")
