from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.clock import rfc3339
from store.engine import Database
from tests.handlers.desk import NOW, Desk, open_desk

ARTICLE = {"markdown": "正文"}


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as opened:
        yield opened


async def _submit(desk: Desk, body: dict[str, Any] | None = None, **how: Any) -> str:
    job_id: str = (await desk.post({**ARTICLE, **(body or {})}, **how)).json()["id"]
    return job_id


async def _listed(desk: Desk, query: str, **how: Any) -> list[str]:
    response = await desk.call("GET", f"/v1/jobs?{query}", **how)
    assert response.status_code == 200, response.text
    return [job["id"] for job in response.json()["items"]]


async def test_pages_hold_together(desk: Desk) -> None:
    made = [await _submit(desk) for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await desk.call("GET", "/v1/jobs", params=query)).json()
        assert len(page["items"]) <= 2
        seen += [job["id"] for job in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made[::-1]


async def test_filters_narrow_the_list(desk: Desk) -> None:
    kept = await _submit(desk, {"title": "第一期 周报"})
    gone = await _submit(desk, {"publish_at": rfc3339(NOW + 7_200)})
    await desk.call("POST", f"/v1/jobs/{gone}/cancel")
    for query, expected in (
        ("state=cancelled", [gone]),
        ("state=accepted", [kept]),
        ("state=accepted,cancelled", [gone, kept]),
        ("state=accepted&state=cancelled", [gone, kept]),
        ("account=main&kind=article,batch", [gone, kept]),
        ("account=personal", []),
        ("q=周报", [kept]),
        ("q=周报+第二", []),
        (f"q={kept}", [kept]),
        (f"q={kept}&ids={gone}", []),
        (f"ids={kept},{gone}", [gone, kept]),
        (f"due_after={rfc3339(NOW + 3_600)}", [gone]),
        (f"due_before={rfc3339(NOW + 3_600)}", []),
        ("created_before=2020-01-01T00:00:00Z", []),
        ("created_after=2020-01-01T00:00:00%2B08:00", [gone, kept]),
        ("schedule=sch_1", []),
        (f"parent={kept}", []),
    ):
        assert await _listed(desk, query) == expected, query


async def test_only_admins_look_at_others(desk: Desk) -> None:
    mine, theirs = await _submit(desk), await _submit(desk, as_client="agent")
    assert await _listed(desk, "client=agent", as_client="boss") == [theirs]
    assert await _listed(desk, "client=agent") == []
    assert await _listed(desk, "client=blog") == [mine]
    assert await _listed(desk, f"ids={theirs}") == await _listed(desk, f"q={theirs}") == []
    assert await _listed(desk, f"q={theirs}", as_client="boss") == [theirs]


async def test_a_job_is_found_by_its_tags(desk: Desk) -> None:
    job_id = await _submit(desk, {"tags": [" 周报 ", "b"]})
    await _submit(desk)
    assert await _listed(desk, "tag=周报") == [job_id]
    changed = await desk.call("PATCH", f"/v1/jobs/{job_id}", json={"tags": ["c"]})
    assert (changed.status_code, changed.json()["tags"]) == (200, ["c"])
    assert await _listed(desk, "tag=周报") == []
    shown = (await desk.call("GET", f"/v1/jobs/{job_id}")).json()
    assert (shown["tags"], shown["client"]) == (["c"], "blog")
    theirs = await desk.call("PATCH", f"/v1/jobs/{job_id}", json={"tags": []}, as_client="agent")
    assert (theirs.status_code, theirs.json()["error"]["code"]) == (404, "job_unknown")


@pytest.mark.parametrize("tags", [["x" * 33], [""], ["a,b"], ["a"] * 11, [1], "a"])
async def test_tags_that_are_none_are_a_422(desk: Desk, tags: Any) -> None:
    response = await desk.post({**ARTICLE, "tags": tags})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "field_invalid")


async def test_the_summary_counts_each_state(desk: Desk) -> None:
    kept, gone = await _submit(desk), await _submit(desk)
    await desk.call("POST", f"/v1/jobs/{gone}/cancel")
    summary = (await desk.call("GET", "/v1/jobs/summary")).json()
    assert summary["total"] == 2
    assert summary["states"] == {
        **dict.fromkeys(summary["states"], 0),
        "accepted": 1,
        "cancelled": 1,
    }
    one = (await desk.call("GET", f"/v1/jobs/summary?ids={kept}")).json()
    assert (one["total"], one["states"]["accepted"]) == (1, 1)
    nobodys = (await desk.call("GET", "/v1/jobs/summary", as_client="agent")).json()
    assert nobodys["total"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=101",
        "limit=x",
        "state=done",
        "state=failed,done",
        "cursor=1",
        "cursor=job_%0a",
        "account=%00",
        "kind=a%00b",
        "q=%00",
        "tag=%00",
        "ids=x",
        "parent=x",
        "created_after=2026-01-01",
        "due_before=2026-01-01T00:00:00",
        "x=1",
    ],
)
async def test_a_query_that_makes_no_sense_is_a_422(desk: Desk, query: str) -> None:
    response = await desk.call("GET", f"/v1/jobs?{query}")
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (422, "field_invalid")
    assert error["field"] == query.split("=", maxsplit=1)[0]


async def test_more_ids_than_a_page_are_refused(desk: Desk) -> None:
    ids = ",".join(f"job_{n:026}" for n in range(101))
    assert (await desk.call("GET", f"/v1/jobs?ids={ids}")).status_code == 422
