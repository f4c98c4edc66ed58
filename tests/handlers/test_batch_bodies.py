"""Batches as archives, over HTTP."""

import io
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import httpx
import pytest

from store.engine import Database
from tests.handlers.desk import Desk, open_desk
from tests.handlers.test_batches import files_of, items_of

FOLDER = {
    "posts/one/1.md": "# 甲\n\n![](../img/a.png)".encode(),
    "posts/2.md": "---\ncover: img/a.png\n---\n# 乙\n\n![](<img/b c.png>)".encode(),
    "posts/img/a.png": b"A",
    "posts/img/b c.png": b"B",
}


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as opened:
        yield opened


async def send(desk: Desk, files: Mapping[str, bytes], **query: str) -> httpx.Response:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return await desk.call(
        *("POST", "/v1/accounts/main/batches"),
        content=out.getvalue(),
        params=query,
        headers={"content-type": "application/zip"},
    )


async def test_a_folder_is_a_batch_and_articles_find_their_pictures(
    desk: Desk, database: Database
) -> None:
    response = await send(desk, FOLDER, tags="周报")
    assert response.status_code == 202, response.text
    rows = await items_of(database, response.json())
    assert [row.title for row in rows] == ["2.md", "one/1.md"]
    assert [await files_of(database, row) for row in rows] == [
        {"img/a.png": b"A", "img/b c.png": b"B"},
        {"../img/a.png": b"A"},
    ]


async def test_a_dry_run_and_a_publication_are_asked_for_in_the_query(desk: Desk) -> None:
    response = await send(desk, FOLDER, dry_run="true", action="publish", on_error="stop")
    plan = response.json()
    assert (response.status_code, plan["on_error"]) == (200, "stop")
    assert [(item["title"], item["action"], item["files"]) for item in plan["items"]] == [
        ("2.md", "publish", 2),
        ("one/1.md", "publish", 1),
    ]


async def test_a_batch_json_in_it_may_be_any_kind(desk: Desk, database: Database) -> None:
    told = {"kind": "images.upload", "items": [{"file": "img/a.png"}]}
    response = await send(desk, {**FOLDER, "posts/batch.json": json.dumps(told).encode()})
    (row,) = await items_of(database, response.json())
    assert (row.kind, await files_of(database, row)) == ("image.upload", {"img/a.png": b"A"})


@pytest.mark.parametrize(
    ("files", "query", "status", "told"),
    [
        ({"../a.md": b"x"}, {}, 422, "../a.md"),
        ({"a.md": bytes(2_000_000)}, {}, 422, "a.md"),
        (FOLDER, {"concurrency": "many"}, 422, "concurrency"),
        (FOLDER, {"dry_run": "maybe"}, 422, "dry_run"),
        (FOLDER, {"colour": "red"}, 422, "colour"),
        ({f"{n}.md": b"x" for n in range(1_001)}, {}, 422, "items"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_taken_in(
    desk: Desk, files: dict[str, bytes], query: dict[str, Any], status: int, told: str
) -> None:
    response = await send(desk, files, **query)
    assert (response.status_code, told in response.json()["error"]["message"]) == (status, True)
    assert (await desk.call("GET", "/v1/jobs")).json()["items"] == []


async def test_other_types_are_told_what_is_taken(desk: Desk) -> None:
    response = await desk.call(
        *("POST", "/v1/accounts/main/batches"), content=b"x", headers={"content-type": "text/csv"}
    )
    assert response.status_code == 415
    assert "application/zip" in response.json()["error"]["hint"]
