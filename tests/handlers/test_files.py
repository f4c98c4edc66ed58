from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest

from store import files as kept_files
from store.engine import Database
from tests.handlers.desk import Desk, open_desk

PICTURE = b"\x89PNG" * 100
NAME = sha256(PICTURE).hexdigest()


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as opened:
        yield opened


async def _missing(desk: Desk, *names: str, client: str = "blog") -> Any:
    response = await desk.call(
        "POST", "/v1/files/missing", json={"sha256": names}, as_client=client
    )
    assert response.status_code == 200
    return response.json()["missing"]


async def test_a_file_is_sent_once_and_named_by_an_article(desk: Desk, database: Database) -> None:
    assert await _missing(desk, NAME) == [NAME]
    first = await desk.call("PUT", f"/v1/files/{NAME}", content=PICTURE)
    assert (first.status_code, first.json()) == (201, {"sha256": NAME, "size": len(PICTURE)})
    again = await desk.call("PUT", f"/v1/files/{NAME}", content=PICTURE)
    assert (again.status_code, again.json()) == (200, first.json())
    assert await _missing(desk, NAME) == []
    made = await desk.post({"markdown": "![](图/a.png)", "files": {"图/a.png": NAME}})
    assert made.status_code == 202
    async with database.read() as connection:
        kept = await kept_files.of_job(connection, made.json()["id"])
    assert kept == {"图/a.png": PICTURE}


async def test_nobody_sees_or_names_another_clients_file(desk: Desk) -> None:
    await desk.call("PUT", f"/v1/files/{NAME}", content=PICTURE)
    assert await _missing(desk, NAME, client="agent") == [NAME]
    article = {"markdown": "![](a.png)", "files": {"a.png": NAME}}
    refused = await desk.post(article, as_client="agent")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "files_missing")


async def test_bytes_that_are_others_are_refused(desk: Desk) -> None:
    response = await desk.call("PUT", f"/v1/files/{NAME}", content=PICTURE[:-1])
    assert (response.status_code, response.json()["error"]["code"]) == (422, "file_hash_mismatch")
    assert await _missing(desk, NAME) == [NAME]


async def test_a_client_has_room_for_so_much(desk: Desk) -> None:
    for size in (1_900_000, 1_900_001):
        data = b"x" * size
        response = await desk.call("PUT", f"/v1/files/{sha256(data).hexdigest()}", content=data)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "files_full")


async def test_a_file_has_a_limit_of_its_own(desk: Desk) -> None:
    response = await desk.call("PUT", f"/v1/files/{NAME}", content=b"x" * 20_000_001)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("name", ["a", NAME.upper(), "g" * 64, NAME + "0"])
async def test_a_name_is_a_sha256_in_small_letters(desk: Desk, name: str) -> None:
    response = await desk.call("PUT", f"/v1/files/{name}", content=PICTURE)
    assert (response.status_code, response.json()["error"]["field"]) == (422, "sha256")
    asked = await desk.call("POST", "/v1/files/missing", json={"sha256": [name]})
    assert asked.status_code == 422


async def test_it_takes_the_scope_of_whoever_makes_drafts_or_materials(desk: Desk) -> None:
    for method, path in (("PUT", f"/v1/files/{NAME}"), ("POST", "/v1/files/missing")):
        response = await desk.call(method, path, as_client="reader")
        assert response.status_code == 403
