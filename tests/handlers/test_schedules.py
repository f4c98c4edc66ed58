from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from jobs.draft_publish import DraftGone
from store.engine import Database
from tests.handlers.desk import NOW, Desk, Sight, open_desk
from tests.jobs.journals import noted

PATH = "/v1/accounts/main/schedules"
DAILY = {"cron": "0 8 * * *", "article": {"markdown": "# 早"}, "action": "publish"}
DRAFT = {"draft": {"media_id": "MEDIA_id-1"}, "publish_at": "2027-01-01T08:00:00+08:00"}


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as opened:
        yield opened


def at(seconds: float) -> str:
    return datetime.fromtimestamp(NOW + seconds, UTC).isoformat()


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def add(desk: Desk, body: Any, **how: Any) -> dict[str, Any]:
    response = await desk.call("POST", PATH, json=body, **how)
    made: dict[str, Any] = response.json()
    assert response.status_code == 201, made
    assert response.headers["location"] == f"{PATH}/{made['id']}"
    assert response.headers["etag"] == '"1"'
    return made


async def test_one_that_recurs_tells_its_next_times(desk: Desk) -> None:
    made = await add(desk, DAILY)
    assert (made["state"], made["timezone"], made["action"]) == (
        "active", "Asia/Shanghai", "publish",
    )  # fmt: skip
    assert len(made["next_times"]) == 5
    assert all(time.endswith("T00:00:00.000Z") for time in made["next_times"])
    assert made["article"] == {"markdown": "# 早"}
    assert (await desk.call("GET", f"{PATH}/{made['id']}")).json() == made


async def test_lists_have_the_own_ones_only(desk: Desk) -> None:
    made = await add(desk, DAILY)
    other = await add(desk, DAILY | {"action": "draft"}, as_client="agent")
    page = (await desk.call("GET", PATH)).json()
    assert [item["id"] for item in page["items"]] == [made["id"]]
    assert "article" not in page["items"][0]
    path = f"{PATH}/{other['id']}"
    assert code_of(await desk.call("GET", path)) == (404, "schedule_unknown")
    paused = await desk.call("GET", PATH, params={"state": "paused"})
    assert paused.json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"article": {"markdown": "x"}}, "field_invalid"),
        ({"cron": "0 8 * * *"}, "field_invalid"),
        (DAILY | {"publish_at": "2027-01-01T08:00:00+08:00"}, "field_invalid"),
        (DAILY | DRAFT, "field_invalid"),
        (DRAFT | {"action": "draft"}, "field_invalid"),
        ({"cron": "0 8 * * *", "draft": DRAFT["draft"]}, "field_invalid"),
        (DAILY | {"max_late_s": 1}, "field_invalid"),
        (DAILY | {"cron": "0 8 30 2 *"}, "cron_invalid"),
        (DAILY | {"cron": "* * * * *"}, "cron_too_often"),
        (DAILY | {"timezone": "Mars/Olympus"}, "timezone_unknown"),
        (DRAFT | {"publish_at": "2027-01-01T08:00:00"}, "publish_at_invalid"),
    ],
)
async def test_what_cannot_be_kept_to_is_refused(desk: Desk, body: Any, code: str) -> None:
    assert code_of(await desk.call("POST", PATH, json=body)) == (422, code)


@pytest.mark.parametrize(
    "article", [{"markdown": "a\x00b"}, {"markdown": "x", "title": "a\x00b"}, {"markdown": "\x00"}]
)
async def test_a_name_is_made_of_any_text(desk: Desk, article: Any) -> None:
    made = await add(desk, DAILY | {"article": article})
    assert made["name"] == ("schedule" if article["markdown"] == "\x00" else "ab")


async def test_publishing_needs_its_scope_and_a_draft_that_is_there(desk: Desk) -> None:
    for body in (DAILY, DRAFT):
        refused = await desk.call("POST", PATH, json=body, as_client="agent")
        assert code_of(refused) == (403, "scope_missing")
    gone = DRAFT | {"draft": {"media_id": "other"}}
    assert code_of(await desk.call("POST", PATH, json=gone)) == (409, "draft_gone")
    made = await add(desk, DRAFT)
    assert (made["draft"]["if_changed"], made["name"]) == ("fail", "MEDIA_id-1")
    change = {"cron": "0 8 * * *"}
    refused = await desk.call("PATCH", f"{PATH}/{made['id']}", json=change)
    assert code_of(refused) == (422, "field_invalid")


@pytest.mark.parametrize(
    ("article", "name"),
    [
        ({"markdown": "---\nauthor: b\ntitle: '早报'\n---\n\n# x\n"}, "早报"),
        ({"markdown": "\n## 要闻\n\ntitle: x\n"}, "要闻"),
        ({"markdown": "text\nmore"}, "text"),
        ({"markdown": "---"}, "schedule"),
        ({"markdown": "# a", "title": "Title: b"}, "Title: b"),
    ],
)
async def test_a_schedule_without_a_name_has_that_of_its_article(
    desk: Desk, article: dict[str, Any], name: str
) -> None:
    assert (await add(desk, {"cron": "@daily", "article": article}))["name"] == name


async def test_pictures_come_along(desk: Desk) -> None:
    files = {
        "schedule": (None, b'{"cron": "@daily", "article": {"markdown": "![](a.png)"}}'),
        "a.png": ("a.png", b"picture"),
    }
    response = await desk.call("POST", PATH, files=files)
    assert response.status_code == 201
    job = (await desk.call("POST", f"{PATH}/{response.json()['id']}/run")).json()
    assert (job["schedule"], job["state"]) == (response.json()["id"], "scheduled")


async def test_a_change_names_what_becomes_different(desk: Desk) -> None:
    made = await add(desk, DAILY)
    path = f"{PATH}/{made['id']}"
    changed = await desk.call(
        "PATCH", path, json={"if_late": "skip", "action": "draft"}, headers={"If-Match": '"1"'}
    )
    assert changed.headers["etag"] == '"2"'
    said = changed.json()
    assert (said["if_late"], said["max_late_s"], said["action"]) == ("skip", 3600, "draft")
    assert (said["cron"], said["article"]) == (made["cron"], made["article"])
    stale = await desk.call("PATCH", path, json={"name": "x"}, headers={"If-Match": '"1"'})
    assert code_of(stale) == (409, "schedule_changed")
    zone = (await desk.call("PATCH", path, json={"timezone": "UTC"})).json()
    assert (zone["cron"], zone["timezone"]) == ("0 8 * * *", "UTC")
    once = (await desk.call("PATCH", path, json={"publish_at": at(3600)})).json()
    assert (once["cron"], len(once["next_times"])) == (None, 1)


async def test_it_is_paused_resumed_run_and_removed(desk: Desk) -> None:
    made = await add(desk, DAILY)
    path = f"{PATH}/{made['id']}"
    assert (await desk.call("POST", f"{path}/pause")).json()["state"] == "paused"
    assert (await desk.call("POST", f"{path}/resume")).json()["state"] == "active"
    run = await desk.call("POST", f"{path}/run", headers={"Idempotency-Key": "k"})
    assert run.status_code == 202
    again = await desk.call("POST", f"{path}/run", headers={"Idempotency-Key": "k"})
    assert again.json()["id"] == run.json()["id"]
    assert code_of(await desk.call("DELETE", path)) == (409, "schedule_job_running")
    await desk.call("POST", f"/v1/jobs/{run.json()['id']}/cancel")
    assert (await desk.call("DELETE", path)).status_code == 204
    assert code_of(await desk.call("DELETE", path)) == (404, "schedule_unknown")


async def test_another_key_approves_what_it_publishes(desk: Desk) -> None:
    made = await add(desk, DAILY, as_client="junior")
    assert made["approval"] == "pending"
    path = f"{PATH}/{made['id']}"
    own = await desk.call("POST", f"{path}/approve", as_client="junior")
    assert code_of(own) == (403, "approver_needs_approval")
    given = await desk.call("POST", f"{path}/approve", as_client="blog")
    assert given.json()["approval"] == "given"
    changed = await desk.call("PATCH", path, json={"name": "x"}, as_client="junior")
    assert changed.json()["approval"] == "pending"


async def test_the_same_key_makes_one_schedule(desk: Desk) -> None:
    key = {"Idempotency-Key": "k"}
    first = await add(desk, DAILY, headers=key)
    assert (await add(desk, DAILY, headers=key))["id"] == first["id"]
    other = await desk.call("POST", PATH, json=DAILY | {"name": "x"}, headers=key)
    assert code_of(other) == (422, "idempotency_mismatch")


async def test_an_id_that_is_none_names_no_schedule(desk: Desk) -> None:
    for name in ("x", "sch_" + "i" * 26, "job_" + "0" * 26, "%00"):
        assert code_of(await desk.call("GET", f"{PATH}/{name}")) == (404, "schedule_unknown")


async def test_its_template_and_variables_are_looked_at_when_it_is_made(desk: Desk) -> None:
    greeting = {"festival": "中秋", "message": "安", "sender": "编辑部"}
    article = {"template": "season-greetings", "variables": greeting}
    made = await add(desk, DAILY | {"article": article})
    assert made["article"] == article
    for wrong, code in (
        ({"template": "nope"}, "template_missing"),
        (article | {"variables": {}}, "template_variable_invalid"),
    ):
        answer = await desk.call("POST", PATH, json=DAILY | {"article": wrong})
        assert code_of(answer) == (422, code)


async def test_the_same_key_gives_the_schedule_also_when_its_draft_and_its_time_are_gone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, body = {"Idempotency-Key": "k"}, DRAFT | {"publish_at": at(-60)}
    first = await add(desk, body, headers=key)

    async def gone(_sight: Sight, _account: str, media_id: str) -> None:
        raise DraftGone(media_id=media_id)

    monkeypatch.setattr(Sight, "see", gone)
    monkeypatch.setattr("tests.handlers.desk.NOW", NOW + 3_600)
    assert (await add(desk, body, headers=key))["id"] == first["id"]
    assert code_of(await desk.call("POST", PATH, json=body)) == (409, "draft_gone")


async def test_whatever_is_done_with_one_is_audited(desk: Desk, database: Database) -> None:
    path = f"{PATH}/{(await add(desk, DAILY))['id']}"
    await desk.call("PATCH", path, json={"name": "晚"})
    for step in ("pause", "resume", "run"):
        assert (await desk.call("POST", f"{path}/{step}")).is_success
    job_id = (await desk.call("GET", path)).json()["last_job_id"]
    await desk.call("POST", f"/v1/jobs/{job_id}/cancel")
    assert (await desk.call("DELETE", path)).status_code == 204
    assert (await desk.call("POST", f"{path}/pause")).status_code == 404  # which is not
    entries = await noted(database)
    verbs = ("create", "change", "pause", "resume", "run", "remove")
    assert [entry["action"] for entry in entries] == [f"schedule.{verb}" for verb in verbs]
    assert {entry["actor"] for entry in entries} == {"client:blog"}


async def test_what_nobody_has_to_approve_does_not_exist_for_others(desk: Desk) -> None:
    path = f"{PATH}/{(await add(desk, DAILY, as_client='blog'))['id']}/approve"
    for name, found in (
        ("intern", (403, "approver_needs_approval")),
        ("elsewhere", (404, "account_unknown")),
        ("boss", (409, "job_not_pending")),
    ):
        assert code_of(await desk.call("POST", path, as_client=name)) == found, name
