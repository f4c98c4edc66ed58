from collections.abc import AsyncIterator
from typing import Any

import pytest

from content.workers import WorkerPool
from store.engine import Database
from tests.handlers.library import Library, open_library

TEMPLATE = {
    "text": "---\ntitle: {{ x }}\n---\n\n{{ x }} {{ y }}",
    "variables": [{"name": "x", "example": "例*"}, {"name": "y", "default": "默认"}],
}


@pytest.fixture
async def library(store: Database, workers: WorkerPool) -> AsyncIterator[Library]:
    async with open_library(store, workers) as opened:
        yield opened


async def test_a_saved_template_is_tried_at_any_version(library: Library) -> None:
    await library.call("PUT", "/templates/a", json=TEMPLATE)
    await library.call("PATCH", "/templates/a", json={"text": "# {{ x }}\n\n{{ y }}2"})
    first = await library.call(
        "POST",
        "/templates/a/preview",
        json={"version": 1, "variables": {"x": "题"}, "theme": "ink"},
        as_client="reader",
    )
    told = first.json()
    assert told["text"] == '---\ntitle: "题"\n---\n\n题 默认'
    assert told["values"] == {"x": "题", "y": "默认"}
    assert told["article"]["title"] == "题"
    assert "默认" in told["article"]["html"]
    newest = (await library.call("POST", "/templates/a/preview", json={})).json()
    assert newest["article"]["title"] == "例*"


async def test_one_that_is_not_saved_too_and_nothing_is_kept(library: Library) -> None:
    told = await library.call("POST", "/templates/preview", json={"template": TEMPLATE})
    assert told.json()["values"] == {"x": "例*", "y": "默认"}
    message = {"template": {"kind": "message", "text": "{{ account }}*{{ 1 + 1 }}*"}}
    told = await library.call("POST", "/templates/preview", json=message)
    assert told.json() == {
        "text": "2",
        "values": {},
        "article": None,
        "message": {
            "subject": "2",
            "text": "2",
            "markdown": "*2*",
            "html": "<p><em>2</em></p>",
        },
    }
    assert (await library.call("GET", "/templates/unsaved")).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        ("/templates/nope/preview", {}, 404, "template_unknown", None),
        ("/templates/weekly-report/preview", {"version": 2}, 404, "template_unknown", None),
        (
            "/templates/weekly-report/preview",
            {"variables": {"teem": "x"}},
            422,
            "template_variable_invalid",
            "variables.teem",
        ),
        ("/templates/weekly-report/preview", {"theme": "nope"}, 422, "theme_unknown", "theme"),
        ("/templates/preview", {"template": {"text": "{% x %}"}}, 422, "template_invalid", None),
        ("/templates/preview", {"template": {"text": "{{ 1 / 0 }}"}}, 422, "template_failed", None),
    ],
)
async def test_what_cannot_be_shown_is_refused(
    library: Library, path: str, body: Any, status: int, code: str, field: str | None
) -> None:
    answer = await library.call("POST", path, json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error.get("field")) == (status, code, field)


async def test_examples_of_the_built_in_ones_make_articles(library: Library) -> None:
    for name in ("event-notice", "new-product", "season-greetings", "weekly-report"):
        told = (await library.call("POST", f"/templates/{name}/preview", json={})).json()
        assert told["article"]["warnings"] == []
