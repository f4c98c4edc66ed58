from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.clock import rfc3339
from store import files as kept_files
from store import jobs, templates
from store.engine import Database
from tests.gateway import MAIN
from tests.handlers.desk import NOW, Desk, open_desk
from tests.store.templates import add

ARTICLE = {"markdown": "# 标题\n\n正文"}


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as opened:
        yield opened


async def test_an_article_is_accepted_as_a_job_with_its_place(desk: Desk) -> None:
    response = await desk.post(ARTICLE)
    job = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["state"], job["account"], job["kind"]) == ("accepted", "main", "article")
    assert (await desk.call("GET", response.headers["location"])).json() == job


async def test_it_is_a_draft_unless_asked_otherwise(desk: Desk, database: Database) -> None:
    for body, action in ((ARTICLE, "draft"), ({**ARTICLE, "action": "publish"}, "publish")):
        job = (await desk.post(body)).json()
        async with database.read() as connection:
            row = await jobs.get(connection, job["id"])
        assert row is not None
        assert row.action == action
        assert row.payload["fields"] == ARTICLE


async def test_pictures_come_along(desk: Desk, database: Database) -> None:
    parts = [
        ("article", (None, '{"markdown": "![](图/a.png)"}', "application/json")),
        ("图/a.png", ("a.png", b"123", "image/png")),
    ]
    response = await desk.call("POST", "/v1/accounts/main/articles", files=parts)
    assert response.status_code == 202
    async with database.read() as connection:
        assert await kept_files.of_job(connection, response.json()["id"]) == {"图/a.png": b"123"}


async def test_an_account_may_be_named_by_its_appid(desk: Desk) -> None:
    assert (await desk.post(ARTICLE, account=MAIN.app_id)).json()["account"] == "main"


@pytest.mark.parametrize("account", ["personal", "nobody", "wx5a4db0c0ffee0002", "x" * 300])
async def test_accounts_of_others_do_not_exist(desk: Desk, account: str) -> None:
    response = await desk.post(ARTICLE, account=account)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "account_unknown")


async def test_scopes_bound_how_far_a_key_may_go(desk: Desk) -> None:
    publish = {**ARTICLE, "action": "publish"}
    statuses = [
        (await desk.post(body, as_client=client)).status_code
        for client in ("blog", "agent", "reader")
        for body in (ARTICLE, publish)
    ]
    assert statuses == [202, 202, 202, 403, 403, 403]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"markdown": "a", "html": "b"}, None),
        ({"markdown": "x" * 65_537}, None),
        ({**ARTICLE, "title": 1}, "title"),
        ({**ARTICLE, "action": "shout"}, "action"),
        ({**ARTICLE, "action": "mass_send"}, None),
        ({**ARTICLE, "colour": "red"}, "colour"),
        ({**ARTICLE, "publish_at": "2026-11-22T00:00:00"}, "publish_at"),
        ({**ARTICLE, "publish_at": rfc3339(NOW - 301)}, "publish_at"),
    ],
)
async def test_what_is_wrong_is_told_by_its_field(
    desk: Desk, body: dict[str, Any], field: str | None
) -> None:
    response = await desk.post(body)
    assert response.status_code == 422
    assert response.json()["error"].get("field") == field
    assert (await desk.call("GET", "/v1/jobs")).json()["items"] == []


async def test_a_later_time_schedules_the_job(desk: Desk) -> None:
    job = (await desk.post({**ARTICLE, "publish_at": rfc3339(NOW + 60)})).json()
    assert (job["state"], job["run_at"]) == ("scheduled", rfc3339(NOW + 60))


async def test_an_idempotency_key_makes_one_job(desk: Desk) -> None:
    key = {"idempotency-key": "3f1c"}
    first = await desk.post(ARTICLE, headers=key)
    again = await desk.post(ARTICLE, headers=key)
    assert (again.status_code, again.json()) == (202, first.json())
    other = await desk.post({"markdown": "别的"}, headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_mismatch")


async def test_a_key_is_free_after_a_request_that_was_refused(desk: Desk) -> None:
    key = {"idempotency-key": "k"}
    assert (await desk.post({"markdown": 1}, headers=key)).status_code == 422
    assert (await desk.post(ARTICLE, headers=key)).status_code == 202


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "键".encode()])
async def test_a_key_that_cannot_be_one_is_a_400(desk: Desk, key: Any) -> None:
    response = await desk.post(ARTICLE, headers={"idempotency-key": key})
    assert response.json()["error"]["code"] == "idempotency_key_invalid"


async def test_waiting_is_a_preference(desk: Desk) -> None:
    response = await desk.post(ARTICLE, headers={"prefer": "respond-async, wait=0"})
    assert (response.status_code, response.headers["preference-applied"]) == (202, "wait=0")
    key = {"idempotency-key": "k"}
    job = (await desk.post(ARTICLE, headers=key)).json()
    await desk.jobs.cancel(job["id"], None)
    ended = await desk.post(ARTICLE, headers={**key, "prefer": "wait=30"})
    assert (ended.status_code, ended.json()["state"]) == (200, "cancelled")


async def test_an_article_of_a_template_is_taken_in_with_its_version(
    desk: Desk, database: Database
) -> None:
    variables = {"festival": "中秋", "message": "安", "sender": "编辑部"}
    response = await desk.post({"template": "season-greetings", "variables": variables})
    assert response.status_code == 202
    async with database.read() as connection:
        row = await jobs.get(connection, response.json()["id"])
    assert row is not None
    assert row.payload["fields"] == {"template": "season-greetings", "variables": variables}
    assert row.payload["templates"] == {"season-greetings": 1}


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"template": "nope"}, "template_missing", "template"),
        ({"template": "Nope!"}, "field_invalid", "template"),
        ({"template": "weekly-report", "markdown": "a"}, "field_invalid", None),
        ({"markdown": "a", "variables": {}}, "field_invalid", None),
        (
            {"articles": [{"template": "weekly-report", "variables": {"teem": "a"}}]},
            "template_variable_invalid",
            "articles[0].variables.teem",
        ),
    ],
)
async def test_what_cannot_be_filled_in_makes_no_job(
    desk: Desk, body: Any, code: str, field: str | None
) -> None:
    response = await desk.post(body)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error.get("field")) == (422, code, field)


async def test_a_repeated_key_gives_the_first_job_whatever_is_gone_since(
    desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(database, "page")
    later = rfc3339(NOW + 60)
    article = {"template": "page", "publish_at": later}
    draft = "/v1/accounts/main/drafts/MEDIA_id-1/publish"

    async def all_three() -> list[str]:
        key = {"idempotency-key": "k"}
        answers = [
            await desk.post(article, headers=key),
            await desk.batch("articles", [article], how={"headers": key}),
            await desk.call("POST", draft, json={"publish_at": later}, headers=key),
        ]
        return [answer.json()["id"] for answer in answers]

    first = await all_three()
    async with database.write() as connection:
        await templates.remove(connection, "page")
    monkeypatch.setattr("tests.handlers.desk.NOW", NOW + 3_600)
    assert await all_three() == first
    assert (await desk.post(article)).status_code == 422
