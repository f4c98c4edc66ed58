from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.handlers.library import Library, open_library

TEXT = "---\ntitle: {{ title }}\n---\n\n{{ body }}\n"
VARIABLES = [{"name": "title", "max": 32}, {"name": "body", "type": "text"}]
# JSON has no number for it, and PostgreSQL takes none.
_WITHOUT_END = b'{"text": "x", "variables": [{"name": "v", "%b": 1e999}]}'
FORM: dict[str, Any] = {"text": TEXT, "variables": VARIABLES, "description": "周报"}


@pytest.fixture
async def library(tmp_path: Any, store: Any, workers: Any) -> AsyncIterator[Library]:
    async with open_library(store, workers) as opened:
        yield opened


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def _sent(body: bytes) -> dict[str, Any]:
    return {"content": body, "headers": {"Content-Type": "application/json"}}


async def test_a_template_is_made_shown_and_listed(library: Library) -> None:
    made = await library.call("POST", "/templates", json={"name": "weekly", **FORM})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert made.headers["location"] == "/v1/templates/weekly"
    shown = await library.call("GET", "/templates/weekly", as_client="reader")
    assert shown.json() == made.json()
    told = shown.json()
    assert (told["text"], told["version"], told["author"]) == (TEXT, 1, "client:keeper")
    assert [variable["name"] for variable in told["variables"]] == ["title", "body"]
    listed = (await library.call("GET", "/templates?q=周报", as_client="reader")).json()
    assert [(item["name"], item["builtin"]) for item in listed["items"]] == [
        ("weekly", False),
        ("weekly-report", True),
    ]
    page = (await library.call("GET", "/templates?limit=2")).json()
    after = (await library.call("GET", f"/templates?cursor={page['next_cursor']}")).json()
    assert len(page["items"]) == 2
    assert len(after["items"]) == 6


async def test_changes_are_versions_with_a_difference_and_a_way_back(library: Library) -> None:
    await library.call("PUT", "/templates/weekly", json=FORM)
    changed = await library.call(
        "PATCH",
        "/templates/weekly",
        json={"text": TEXT + "完\n", "variables": VARIABLES[::-1], "note": "结尾"},
        headers={"If-Match": '"1"'},
    )
    assert changed.headers["etag"] == '"2"'
    diff = (await library.call("GET", "/templates/weekly/diff?from=1")).json()
    assert (diff["from_version"], diff["to_version"]) == (1, 2)
    assert diff["unified"].endswith("+完\n")
    assert diff["hunks"][0]["lines"][-1] == {"op": "+", "text": "完"}
    assert diff["variables"] == []
    back = await library.call("POST", "/templates/weekly/rollback", json={"version": 1})
    assert (back.json()["version"], back.json()["text"]) == (3, TEXT)
    versions = (await library.call("GET", "/templates/weekly/versions?limit=2")).json()
    assert [item["version"] for item in versions["items"]] == [3, 2]
    rest = f"/templates/weekly/versions?cursor={versions['next_cursor']}"
    assert [item["version"] for item in (await library.call("GET", rest)).json()["items"]] == [1]
    second = (await library.call("GET", "/templates/weekly/versions/2")).json()
    assert second["note"] == "结尾"


async def test_the_difference_tells_of_variables_too(library: Library) -> None:
    await library.call(
        "PUT", "/templates/a", json={"text": "{{ x }}", "variables": [{"name": "x"}]}
    )
    variables = [{"name": "x", "max": 3}, {"name": "y"}]
    await library.call("PUT", "/templates/a", json={"text": "{{ x }}", "variables": variables})
    told = (await library.call("GET", "/templates/a/diff?from=1&to=2")).json()["variables"]
    assert [(each["name"], each["before"] is None) for each in told] == [("x", False), ("y", True)]
    assert told[0]["after"]["max"] == 3


@pytest.mark.parametrize(
    ("method", "path", "how", "expected"),
    [
        ("GET", "/templates/nope", {}, (404, "template_unknown")),
        ("GET", "/templates/%00", {}, (404, "template_unknown")),
        ("GET", "/templates/weekly-report/versions/2", {}, (404, "template_unknown")),
        ("GET", "/templates/weekly-report/versions/x", {}, (404, "template_unknown")),
        ("GET", "/templates/weekly-report/versions/9999999", {}, (404, "template_unknown")),
        ("GET", "/templates/weekly-report/diff", {}, (422, "field_invalid")),
        ("GET", "/templates?kind=page", {}, (422, "field_invalid")),
        ("GET", "/templates?q=%00", {}, (422, "field_invalid")),
        ("DELETE", "/templates/nope", {}, (404, "template_unknown")),
        ("DELETE", "/templates/%00", {}, (404, "template_unknown")),
        ("DELETE", "/templates/nope?force=x", {}, (422, "field_invalid")),
        ("PUT", "/templates/A", {"json": {"text": "x"}}, (404, "template_unknown")),
        ("PUT", "/templates/a", {"json": {"text": "{% if %}"}}, (422, "template_invalid")),
        ("PUT", "/templates/a", {"json": {"text": "{{ x }}"}}, (422, "template_invalid")),
        ("PUT", "/templates/a", {"json": {"text": 1}}, (422, "field_invalid")),
        ("POST", "/templates", {"json": {"name": "A", "text": "x"}}, (422, "field_invalid")),
        ("PUT", "/templates/a", _sent(_WITHOUT_END % b"min"), (422, "field_invalid")),
        (
            *("PUT", "/templates/a", _sent(_WITHOUT_END % b"default")),
            (422, "template_variable_invalid"),
        ),
        ("PATCH", "/templates/nope", {"json": {"text": "x"}}, (404, "template_unknown")),
        ("POST", "/templates/nope/rollback", {"json": {"version": 1}}, (404, "template_unknown")),
    ],
)
async def test_what_cannot_be_is_refused(
    library: Library, method: str, path: str, how: Any, expected: tuple[int, str]
) -> None:
    assert code_of(await library.call(method, path, **how)) == expected


async def test_a_stale_edit_a_taken_name_and_a_template_in_use(library: Library) -> None:
    await library.call("PUT", "/templates/foot", json={"text": "x"})
    page = {"text": '{% include "foot" %}'}
    await library.call("PUT", "/templates/page", json=page)
    old = {"If-Match": '"7"'}
    stale = await library.call("PUT", "/templates/foot", json={"text": "y"}, headers=old)
    assert code_of(stale) == (409, "stale_edit")
    taken = await library.call("POST", "/templates", json={"name": "foot", "text": "y"})
    assert code_of(taken) == (409, "template_exists")
    needed = await library.call("DELETE", "/templates/foot")
    assert code_of(needed) == (409, "template_in_use")
    assert (await library.call("DELETE", "/templates/foot?force=true")).status_code == 204
    assert code_of(await library.call("GET", "/templates/foot")) == (404, "template_unknown")


async def test_a_key_for_drafts_reads_templates_and_changes_none(library: Library) -> None:
    assert (await library.call("GET", "/templates", as_client="reader")).status_code == 200
    for method, path in (
        ("POST", "/templates"),
        ("PUT", "/templates/a"),
        ("PATCH", "/templates/a"),
        ("DELETE", "/templates/a"),
        ("POST", "/templates/a/rollback"),
    ):
        answer = await library.call(method, path, json={"text": "x"}, as_client="reader")
        assert code_of(answer) == (403, "scope_missing")
    assert (await library.call("GET", "/templates", as_client="stats")).status_code == 403
