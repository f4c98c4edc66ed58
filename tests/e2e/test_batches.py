"""Batches over HTTP, up to the sandbox's ledger."""

import asyncio
import json
import time
from typing import Any

import httpx
import orjson
import pytest

from tests.e2e.conftest import Stand
from tests.jobs.rig import PNG

_WAIT_S = 60


def _parts(batch: dict[str, Any]) -> list[tuple[str, Any]]:
    """A batch with one picture."""
    return [
        ("batch", (None, json.dumps(batch), "application/json")),
        ("a.png", ("a.png", PNG, "image/png")),
    ]


async def _post(stand: Stand, kind: str, items: list[Any], **more: Any) -> dict[str, Any]:
    body = {"kind": kind, "items": items, **more}
    response = await stand.http.post("/v1/accounts/main/batches", json=body)
    assert response.status_code == 202, response.text
    job: dict[str, Any] = response.json()
    return job


async def _end(stand: Stand, job: dict[str, Any]) -> dict[str, Any]:
    async with asyncio.timeout(_WAIT_S):
        while True:
            seen: dict[str, Any] = (await stand.http.get(f"/v1/jobs/{job['id']}")).json()
            if seen["state"] not in ("accepted", "scheduled", "running", "waiting"):
                return seen
            await asyncio.sleep(0.05)


async def test_articles_become_drafts_and_these_are_published_and_deleted(stand: Stand) -> None:
    items = [{"name": f"{n}.md", "markdown": f"# 第 {n} 篇\n\n![](a.png)"} for n in range(4)]
    response = await stand.http.post(
        "/v1/accounts/main/batches", files=_parts({"kind": "articles", "items": items})
    )
    assert response.status_code == 202, response.text
    made = await _end(stand, response.json())
    assert made["state"] == "succeeded", made
    assert len(stand.committed("image")) == 1  # one picture, however many show it
    drafts = [item["result"]["media_id"] for item in made["items"]]

    published = await _post(stand, "drafts.publish", [{"media_id": it} for it in drafts[:2]])
    deleted = await _post(stand, "drafts.delete", [{"media_id": it} for it in drafts[2:]])
    published, deleted = await _end(stand, published), await _end(stand, deleted)
    assert [item["result"]["mode"] for item in published["items"]] == ["published"] * 2
    assert [item["result"]["was_there"] for item in deleted["items"]] == [True] * 2
    assert len(stand.committed("article")) == len(stand.committed("draft_delete")) == 2


async def test_pictures_materials_and_drafts_of_ones_own(stand: Stand) -> None:
    sources = [
        {"file": "a.png"},
        {"file": "a.png", "target": "material"},
        {"url": "data:text/html,x"},
    ]
    uploaded = await stand.http.post(
        "/v1/accounts/main/batches",
        files=_parts({"kind": "images.upload", "items": sources}),
        headers={"prefer": "wait=30"},
    )
    assert uploaded.json()["state"] == "partly_failed"
    article, material, refused = (await _end(stand, uploaded.json()))["items"]
    assert article["result"]["url"].startswith("https://")
    assert refused["error"]["code"] == "image_source_forbidden"
    media_id = material["result"]["media_id"]

    wire = {"title": "题", "content": "<p>文</p>", "thumb_media_id": media_id}
    made = await _end(stand, await _post(stand, "drafts.create", [wire, {"articles": [wire] * 2}]))
    assert made["state"] == "succeeded", made
    titles = [entry.data["titles"] for entry in stand.committed("draft")]
    assert sorted(titles) == [["题"], ["题", "题"]]

    tag = {"media_id": media_id, "add": ["封面"]}
    tagged = await _end(stand, await _post(stand, "materials.tag", [tag]))
    assert tagged["items"][0]["result"]["tags"] == ["封面"]
    gone = await _end(stand, await _post(stand, "materials.delete", [{"media_id": media_id}]))
    assert gone["state"] == "succeeded"
    assert len(stand.committed("material_delete")) == 1


async def test_progress_comes_as_events_that_belong_together(stand: Stand) -> None:
    items = [{"media_id": f"M{n}", "add": ["a"]} for n in range(100)]
    job = await _post(stand, "materials.tag", items)
    seen: list[dict[str, Any]] = []
    ids: list[int] = []
    async with stand.http.stream("GET", f"/v1/jobs/{job['id']}/events") as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line[6:]))
            elif line.startswith("id: "):
                ids.append(int(line[4:]))
    assert seen[-1]["state"] == "succeeded"
    assert seen[-1]["progress"] == {"done": 100, "total": 100, "failed": 0}
    done = [event["progress"]["done"] for event in seen]
    assert done == sorted(done)
    assert len(seen) < 60  # not one for each item
    assert all(event["items"] == [] for event in seen)
    path = f"/v1/jobs/{job['id']}/events"
    after = await stand.http.get(path, headers={"last-event-id": str(ids[-1])})
    assert after.status_code == 204
    again = await stand.http.get(path, headers={"last-event-id": str(ids[0])})
    assert again.text.count("event: job") == 1


async def test_a_thousand_items_are_taken_in_while_others_are_served(stand: Stand) -> None:
    text = "字" * 4_000
    items = [{"markdown": f"# {n}\n\n{text}", "name": f"{n}.md"} for n in range(1_000)]
    body = orjson.dumps({"kind": "articles", "items": items, "concurrency": 1})
    waits: list[float] = []
    done = asyncio.Event()

    async def watch(http: httpx.AsyncClient) -> None:
        while not done.is_set():
            began = time.perf_counter()
            assert (await http.get("/health/live")).status_code == 200
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(0.01)

    async with httpx.AsyncClient(base_url=stand.url, trust_env=False) as other:
        watching = asyncio.ensure_future(watch(other))
        began = time.perf_counter()
        response = await stand.http.post(
            "/v1/accounts/main/batches",
            content=body,
            headers={"content-type": "application/json", "idempotency-key": "k"},
        )
        took = time.perf_counter() - began
        done.set()
        await watching
    assert response.status_code == 202, response.text
    print(f"\n1000 items, {len(body)} bytes: {took:.2f} s; others at most {max(waits):.3f} s")
    cancelled = await stand.http.post(f"/v1/jobs/{response.json()['id']}/cancel")
    assert cancelled.status_code == 200
    ended = await _end(stand, response.json())
    assert ended["progress"]["total"] == len(ended["items"]) == 1_000
    assert ended["state"] == "cancelled"


@pytest.mark.slow
async def test_a_thousand_items_come_to_their_end(stand: Stand) -> None:
    items = [{"media_id": f"M{n}", "add": ["a"]} for n in range(1_000)]
    job = await _post(stand, "materials.tag", items, concurrency=16)
    async with asyncio.timeout(_WAIT_S):
        await stand.http.get(f"/v1/jobs/{job['id']}/events", timeout=None)
    ended = await _end(stand, job)
    assert ended["state"] == "succeeded", ended["error"]
    assert ended["progress"] == {"done": 1_000, "total": 1_000, "failed": 0}
    assert [item["index"] for item in ended["items"]] == list(range(1_000))
    assert all(item["result"]["tags"] == ["a"] for item in ended["items"])
