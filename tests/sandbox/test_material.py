import json
from typing import Any

import pytest

from sandbox.settings import PERSONAL
from tests.sandbox.caller import Caller, jpeg, png
from tests.sandbox.conftest import Start

ADD = "/cgi-bin/material/add_material"
GET = "/cgi-bin/material/get_material"
DELETE = "/cgi-bin/material/del_material"
COUNT = "/cgi-bin/material/get_materialcount"
BATCHGET = "/cgi-bin/material/batchget_material"
VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(20)


async def test_an_image_gets_an_id_and_a_url(caller: Caller) -> None:
    added = await caller.upload(ADD, png(), type="image")
    assert added.keys() == {"media_id", "url"}
    query = await caller.query({})
    answer = await caller.http.post(GET, json={"media_id": added["media_id"]}, params=query)
    assert answer.content == png()
    assert answer.headers["content-type"] == "image/png"


async def test_only_images_are_given_a_url(caller: Caller) -> None:
    added = await caller.upload(
        ADD, jpeg(), filename="a.jpg", content_type="image/jpeg", type="thumb"
    )
    assert added.keys() == {"media_id"}


async def test_a_video_needs_its_description(caller: Caller) -> None:
    async def add(fields: dict[str, str] | None) -> dict[str, Any]:
        return await caller.upload(
            ADD, VIDEO, filename="a.mp4", content_type="video/mp4", fields=fields, type="video"
        )

    assert (await add(None))["errcode"] == 47001
    assert (await add({"description": '{"title": "片"}'}))["errcode"] == 47001
    added = await add({"description": json.dumps({"title": "片", "introduction": "短"})})
    got = await caller.post(GET, {"media_id": added["media_id"]})
    assert (got["title"], got["description"]) == ("片", "短")
    assert (await caller.http.get(got["down_url"])).content == VIDEO


async def test_a_deleted_material_is_gone_for_good(caller: Caller) -> None:
    media_id = await caller.thumb()
    assert (await caller.post(DELETE, {"media_id": media_id}))["errcode"] == 0
    assert (await caller.post(DELETE, {"media_id": media_id}))["errcode"] == 40007
    assert (await caller.post(GET, {"media_id": media_id}))["errcode"] == 40007


async def test_temporary_media_are_no_materials(caller: Caller) -> None:
    uploaded = await caller.upload("/cgi-bin/media/upload", png(), type="image")
    assert (await caller.post(DELETE, {"media_id": uploaded["media_id"]}))["errcode"] == 40007


async def test_another_accounts_material_is_unknown(caller: Caller) -> None:
    media_id = await caller.thumb()
    other = caller.as_account(PERSONAL)
    assert (await other.post(GET, {"media_id": media_id}))["errcode"] == 40007


async def test_counts_know_nothing_of_article_images(caller: Caller) -> None:
    await caller.image()
    await caller.thumb()
    counts = await caller.get(COUNT)
    assert counts == {"voice_count": 0, "video_count": 0, "image_count": 1, "news_count": 0}


async def test_lists_start_with_the_newest(caller: Caller) -> None:
    ids = [await caller.thumb() for _ in range(3)]
    page = await caller.post(BATCHGET, {"type": "image", "offset": 0, "count": 2})
    assert (page["total_count"], page["item_count"]) == (3, 2)
    assert [item["media_id"] for item in page["item"]] == ids[:0:-1]
    rest = await caller.post(BATCHGET, {"type": "image", "offset": 2, "count": 20})
    assert [item["media_id"] for item in rest["item"]] == ids[:1]


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"type": "thumb", "offset": 0, "count": 20}, 40004),
        ({"type": "image", "offset": 0, "count": 21}, 40097),
        ({"type": "image", "offset": 0, "count": 0}, 40097),
        ({"type": "image", "offset": -1, "count": 1}, 40097),
        ({"type": "image", "offset": 0}, 40097),
        ({"type": "image", "offset": 0, "count": True}, 40097),
    ],
)
async def test_bad_lists_are_refused(caller: Caller, body: dict[str, object], errcode: int) -> None:
    assert (await caller.post(BATCHGET, body))["errcode"] == errcode


@pytest.mark.parametrize("errcode", [45103, 45106])
async def test_old_news_calls_are_retired(start: Start, errcode: int) -> None:
    caller = await start(retired_news=errcode)
    assert (await caller.post("/cgi-bin/material/add_news", {}))["errcode"] == errcode
