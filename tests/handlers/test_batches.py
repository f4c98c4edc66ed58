import json
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest

from handlers.batches import BatchAnswer
from store import children, jobs
from store import files as kept_files
from store.engine import Database
from store.jobs import JobRow
from tests.handlers.desk import Desk, open_desk

ARTICLES = [{"markdown": f"# 第 {n} 篇", "name": f"{n}.md"} for n in range(3)]


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as opened:
        yield opened


async def items_of(database: Database, job: Any) -> list[JobRow]:
    async with database.read() as connection:
        heads = await children.of_batch(connection, job["id"])
        rows = [await jobs.get(connection, head.id) for head in heads]
    return [row for row in rows if row is not None]


async def files_of(database: Database, row: JobRow) -> dict[str, bytes]:
    async with database.read() as connection:
        return await kept_files.of_job(connection, row.id)


async def test_a_batch_is_a_job_whose_items_are_jobs(desk: Desk, database: Database) -> None:
    response = await desk.batch("articles", ARTICLES, concurrency=2)
    job = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["kind"], job["account"]) == ("batch", "main")
    assert job["progress"] == {"done": 0, "total": 3, "failed": 0}
    seen = (await desk.call("GET", response.headers["location"])).json()
    assert [(item["index"], item["title"]) for item in seen["items"]] == [
        (n, f"{n}.md") for n in range(3)
    ]
    rows = await items_of(database, job)
    assert [item["job"] for item in seen["items"]] == [row.id for row in rows]
    assert [row.held for row in rows] == [False, False, True]
    assert {row.kind for row in rows} == {"article"}
    alone = (await desk.call("GET", f"/v1/jobs/{rows[1].id}")).json()
    assert (alone["kind"], alone["state"]) == ("article", "accepted")


async def test_every_faulty_item_is_told_and_none_is_taken_in(desk: Desk) -> None:
    items = [*ARTICLES, {"markdown": 1}, {}, {"markdown": "a", "colour": "red"}]
    response = await desk.batch("articles", items)
    error = response.json()["error"]
    assert (response.status_code, error["field"]) == (422, "items[3].markdown")
    assert all(f"items[{n}]" in error["message"] for n in (3, 4, 5))
    assert (await desk.call("GET", "/v1/jobs")).json()["items"] == []


@pytest.mark.parametrize(
    ("kind", "items", "field"),
    [
        ("articles", [], "items"),
        ("articles", ["text"], "items[0]"),
        ("articles", [{"markdown": "a"}] * 1_001, "items"),
        ("articles", [{"markdown": "a", "publish_at": "soon"}], "items[0].publish_at"),
        ("nothing", [{}], "kind"),
        ("images.upload", [{"url": "https://a.example/a.png", "file": "a.png"}], "items[0]"),
        ("images.upload", [{"file": "a.png"}], "items[0].file"),
        ("drafts.create", [{"content": "x"}], "items[0].title"),
        ("drafts.create", [{"articles": []}], "items[0].articles"),
        ("drafts.create", [{"title": "t", "content": "c", "x": 10**400}], "items[0]"),
        ("drafts.delete", [{"media_id": "M"}, {"media_id": "M"}], "items[1].media_id"),
        ("articles", [{"markdown": "a", "update": "M" * 43}] * 2, "items[1].update"),
        ("drafts.publish", [{"media_id": "bad id"}], "items[0].media_id"),
        ("materials.tag", [{"media_id": "M", "add": ["x" * 40]}], "items[0].add[0]"),
    ],
)
async def test_what_is_wrong_has_its_place(
    desk: Desk, kind: str, items: list[Any], field: str
) -> None:
    response = await desk.batch(kind, items)
    assert (response.status_code, response.json()["error"].get("field")) == (422, field)


async def test_a_dry_run_tells_the_plan_and_makes_nothing(desk: Desk) -> None:
    sent = sha256(b"x").hexdigest()
    items = [*ARTICLES, {"markdown": "![](a.png)", "files": {"a.png": sent}}]
    response = await desk.batch("articles", items, dry_run=True)
    plan = response.json()
    assert BatchAnswer.model_validate(plan).model_dump() == plan  # as /openapi.json says
    assert (response.status_code, plan["total"], plan["concurrency"]) == (200, 4, 8)
    assert plan["items"][0] == {
        "index": 0, "kind": "article", "action": "draft", "title": "0.md", "files": 0, "missing": []
    }  # fmt: skip
    assert plan["items"][3]["missing"] == ["a.png"]
    assert (await desk.call("GET", "/v1/jobs")).json()["items"] == []


async def test_each_article_gets_the_files_that_it_names(desk: Desk, database: Database) -> None:
    batch = {
        "kind": "articles",
        "items": [
            {"markdown": "![](../img/a.png)", "name": "posts/1.md"},
            {"markdown": "![](b%20c.png \"题\")\n<img src='img/a.png'>", "cover": "img/a.png"},
            {"markdown": "没有图"},
        ],
    }
    parts = [
        ("batch", (None, json.dumps(batch), "application/json")),
        ("img/a.png", ("a.png", b"A", "image/png")),
        ("b c.png", ("b.png", b"B", "image/png")),
    ]
    response = await desk.call("POST", "/v1/accounts/main/batches", files=parts)
    assert response.status_code == 202
    each = [await files_of(database, row) for row in await items_of(database, response.json())]
    assert each == [{"../img/a.png": b"A"}, {"b c.png": b"B", "img/a.png": b"A"}, {}]


async def test_pictures_come_along_or_were_sent_before(desk: Desk, database: Database) -> None:
    sent = sha256(b"S").hexdigest()
    await desk.call("PUT", f"/v1/files/{sent}", content=b"S")
    items = [{"file": "a.png"}, {"sha256": sent, "file": "s.png"}, {"url": "https://a.example/b"}]
    batch = {"kind": "images.upload", "items": items}
    parts = [
        ("batch", (None, json.dumps(batch), "application/json")),
        ("a.png", ("a.png", b"A", "image/png")),
    ]
    response = await desk.call("POST", "/v1/accounts/main/batches", files=parts)
    rows = await items_of(database, response.json())
    assert [await files_of(database, row) for row in rows] == [
        {"a.png": b"A"},
        {"picture": b"S"},
        {},
    ]
    assert [row.payload["src"] for row in rows] == ["a.png", "picture", "https://a.example/b"]
    assert [row.title for row in rows] == ["a.png", "s.png", "https://a.example/b"]


async def test_a_file_that_nobody_sent_is_told_with_its_item(desk: Desk) -> None:
    items = [{"markdown": "a"}, {"markdown": "![](a.png)", "files": {"a.png": "0" * 64}}]
    response = await desk.batch("articles", items)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (409, "files_missing")
    assert error["field"] == "items[1].files"


async def test_an_idempotency_key_makes_one_batch(desk: Desk) -> None:
    how = {"headers": {"idempotency-key": "3f1c"}}
    first = await desk.batch("articles", ARTICLES, how=how)
    again = await desk.batch("articles", ARTICLES, how=how)
    assert again.json()["id"] == first.json()["id"]
    other = await desk.batch("articles", ARTICLES[:2], how=how)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_mismatch")


@pytest.mark.parametrize(
    ("kind", "item", "needs"),
    [
        ("articles", {"markdown": "a"}, "draft"),
        ("articles", {"markdown": "a", "action": "publish"}, "publish"),
        ("images.upload", {"url": "https://a.example/a.png"}, "draft"),
        ("images.upload", {"url": "https://a.example/a.png", "target": "material"}, "material"),
        ("drafts.create", {"title": "题", "content": "文"}, "draft"),
        ("drafts.publish", {"media_id": "M"}, "publish"),
        ("drafts.delete", {"media_id": "M"}, "draft"),
        ("materials.delete", {"media_id": "M"}, "material"),
        ("materials.tag", {"media_id": "M", "add": ["a"]}, "material"),
    ],
)
async def test_each_kind_takes_the_scope_of_its_calls(
    desk: Desk, kind: str, item: dict[str, Any], needs: str
) -> None:
    may = {"agent": {"draft"}, "keeper": {"material"}, "blog": {"draft", "publish"}}
    for client, scopes in may.items():
        response = await desk.batch(kind, [item], how={"as_client": client})
        assert (response.status_code == 202) is (needs in scopes), (client, response.json())
        if response.status_code == 202:  # drafts are busy until then
            await desk.call("POST", f"/v1/jobs/{response.json()['id']}/cancel", as_client=client)


async def test_a_batch_that_needs_approval_is_not_begun(desk: Desk, database: Database) -> None:
    items = [{"markdown": "a"}, {"markdown": "b", "action": "publish"}]
    job = (await desk.batch("articles", items, how={"as_client": "junior"})).json()
    assert (job["state"], job["approval"]) == ("waiting", "pending")
    assert all(row.held for row in await items_of(database, job))
    approved = await desk.call("POST", f"/v1/jobs/{job['id']}/approve", as_client="blog")
    assert (approved.status_code, approved.json()["approval"]) == (202, "given")
    assert not any(row.held for row in await items_of(database, job))


async def test_a_mass_send_in_a_batch_waits_for_somebody_who_may_send(
    desk: Desk, database: Database
) -> None:
    send = {"markdown": "b", "action": "mass_send", "mass": {"to_all": True}}
    items = [{"markdown": "a"}, send]
    assert (await desk.batch("articles", items)).status_code == 403
    job = (await desk.batch("articles", items, how={"as_client": "sender"})).json()
    assert (job["state"], job["approval"]) == ("waiting", "pending")
    assert [row.approval for row in await items_of(database, job)] == [None, "pending"]
    approve = f"/v1/jobs/{job['id']}/approve"
    statuses = [
        (await desk.call("POST", approve, as_client=client)).status_code
        for client in ("sender", "blog", "sender-2")
    ]
    assert statuses == [403, 403, 202]
    assert [row.approval for row in await items_of(database, job)] == [None, "given"]


async def test_who_approves_a_batch_may_do_all_that_waits_in_it(desk: Desk) -> None:
    send = {"markdown": "b", "action": "mass_send", "mass": {"to_all": True}}
    items = [send, {"markdown": "a", "action": "publish"}]
    job = (await desk.batch("articles", items, how={"as_client": "intern"})).json()
    approve = f"/v1/jobs/{job['id']}/approve"
    statuses = [
        (await desk.call("POST", approve, as_client=client)).status_code
        for client in ("blog", "sender-2", "boss")
    ]
    assert statuses == [403, 403, 202]


async def test_a_report_is_json_or_csv(desk: Desk) -> None:
    items = [{"markdown": "a", "name": "=HYPERLINK(1)"}, {"markdown": "b", "name": "文, b.md"}]
    job = (await desk.batch("articles", items)).json()
    await desk.call("POST", f"/v1/jobs/{job['id']}/cancel")
    path = f"/v1/jobs/{job['id']}/report"
    told = (await desk.call("GET", path)).json()
    assert (told["state"], told["progress"]["done"]) == ("cancelled", 2)
    assert [(row["title"], row["state"]) for row in told["items"]] == [
        ("=HYPERLINK(1)", "cancelled"),
        ("文, b.md", "cancelled"),
    ]
    table = await desk.call("GET", path, headers={"accept": "text/csv"})
    assert table.headers["content-type"].startswith("text/csv")
    lines = table.content.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("0,'=HYPERLINK(1),cancelled,")
    assert lines[2].startswith('1,"文, b.md",cancelled,')
    assert (await desk.call("GET", path, as_client="agent")).status_code == 404


async def test_lists_show_a_batch_without_its_items(desk: Desk) -> None:
    await desk.batch("articles", ARTICLES)
    listed = (await desk.call("GET", "/v1/jobs", params={"kind": "batch"})).json()["items"]
    assert [job["items"] for job in listed] == [[]]


async def test_templates_are_checked_before_anything_is_taken_in(desk: Desk) -> None:
    good = {
        "template": "season-greetings",
        "variables": {"festival": "中秋", "message": "安", "sender": "编辑部"},
    }
    plan = await desk.batch("articles", [good], dry_run=True)
    wrong = [
        ({"template": "nope"}, "template_missing", "items[1].template"),
        (
            {"template": "weekly-report", "variables": {"teem": "a"}},
            "template_variable_invalid",
            "items[1].variables.teem",
        ),
    ]
    assert plan.status_code == 200, plan.json()
    for item, code, field in wrong:
        response = await desk.batch("articles", [good, item])
        error = response.json()["error"]
        assert (response.status_code, error["code"], error["field"]) == (422, code, field)
    assert (await desk.call("GET", "/v1/jobs")).json()["items"] == []


async def test_a_batch_is_found_by_its_tags(desk: Desk) -> None:
    how = {"headers": {"idempotency-key": "k"}}
    job = (await desk.batch("articles", ARTICLES, tags=["周报"], how=how)).json()
    found = (await desk.call("GET", "/v1/jobs", params={"tag": "周报"})).json()["items"]
    assert [(one["id"], one["tags"]) for one in found] == [(job["id"], ["周报"])]
    other = await desk.batch("articles", ARTICLES, tags=["别的"], how=how)
    assert other.json()["error"]["code"] == "idempotency_mismatch"
