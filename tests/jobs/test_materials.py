from typing import Any

import pytest

from jobs import materials
from jobs.errand import Errand
from store import tags
from tests.jobs.batches import tagging
from tests.jobs.rig import PNG, Rig

DELETE = "/cgi-bin/material/del_material"


def errand(kind: str, **values: Any) -> Errand:
    defaults: dict[str, Any] = {"client_id": "blog", "account": "main", "action": "material"}
    return Errand(kind=kind, **{**defaults, **values})


@pytest.mark.parametrize(("target", "name"), [("article", "url"), ("material", "media_id")])
async def test_a_picture_is_uploaded_to_where_it_was_wanted(
    rig: Rig, target: str, name: str
) -> None:
    asked = {"src": "a.png", "target": target}
    row = await rig.jobs.submit(errand(materials.UPLOAD, asked=asked, files={"a.png": PNG}))
    ended = await rig.until(row.id)
    assert ended.state == "succeeded"
    assert (ended.result or {})[name]
    assert rig.committed("image" if target == "article" else "material") == 1


async def test_a_material_is_deleted_with_all_that_was_known_of_it(rig: Rig) -> None:
    media_id = (await rig.builder.upload("main", "a.png", {}, "material")).value
    await rig.until((await rig.jobs.submit(tagging(media_id, "活动"))).id)
    await rig.builder._uploaded.put("main", "0" * 64, "material", media_id)
    rig.fault("reset_after_commit", DELETE)
    row = await rig.jobs.submit(errand(materials.DELETE, asked={"media_id": media_id}))
    ended = await rig.until(row.id)
    assert ended.result == {"media_id": media_id, "was_there": False}  # done by the lost call
    assert rig.committed("material_delete") == 1
    assert await rig.builder._uploaded.get("main", "0" * 64, "material") is None
    async with rig.database.read() as connection:
        assert await tags.of(connection, "main", "material", media_id) == ()


async def test_tags_are_added_and_removed(rig: Rig) -> None:
    await rig.until((await rig.jobs.submit(tagging("M", "旧", "同"))).id)
    asked = {"media_id": "M", "add": ["新"], "remove": ["旧"]}
    ended = await rig.until((await rig.jobs.submit(errand(materials.TAG, asked=asked))).id)
    assert ended.result == {"media_id": "M", "tags": ["同", "新"]}
    more = tagging("M", *(f"t{n}" for n in range(20)))
    failed = await rig.until((await rig.jobs.submit(more)).id)
    assert (failed.state, (failed.error or {})["code"]) == ("failed", "too_many_tags")
