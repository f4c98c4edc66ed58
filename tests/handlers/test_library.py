"""The lists of what WeChat holds, of a whole gateway before a sandbox."""

from typing import Any

import pytest

from tests.e2e.conftest import Opens, Stand
from tests.jobs.rig import PNG

MAIN = "/v1/accounts/main"
NEVER_FRESH = {"library": {"fresh_s": 0}}


async def _get(stand: Stand, path: str, status: int = 200, **params: Any) -> Any:
    response = await stand.http.get(f"{MAIN}/{path}", params=params or None)
    assert response.status_code == status, response.text
    return response.json()


async def _relay(stand: Stand, path: str, body: Any = None, **how: Any) -> Any:
    headers = {"X-Wxgate-Account": "main"}
    response = await stand.http.post(path, json=body, headers=headers, **how)
    said = response.json()
    assert not said.get("errcode"), said
    return said


async def _picture(stand: Stand, name: str = "a.png") -> str:
    files = {"media": (name, PNG, "image/png")}
    path = "/cgi-bin/material/add_material"
    added = await _relay(stand, path, params={"type": "image"}, files=files)
    return str(added["media_id"])


async def _draft(stand: Stand, title: str, cover: str) -> str:
    article = {"title": title, "content": "<p>正文</p>", "thumb_media_id": cover}
    return str((await _relay(stand, "/cgi-bin/draft/add", {"articles": [article]}))["media_id"])


async def test_what_a_job_made_is_listed_at_once_with_its_job(stand: Stand) -> None:
    drafts = await _get(stand, "drafts")
    assert (drafts["items"], drafts["refreshing"], drafts["error"]) == ([], False, None)
    job = await stand.article({"markdown": "# 第一篇 Wxgate\n\n正文", "author": "小王"})
    (draft,) = (await _get(stand, "drafts", q="wxgate 小王"))["items"]
    assert (draft["id"], draft["job"]) == (job["result"]["media_id"], job["id"])
    assert draft["title"] == "第一篇 Wxgate"
    assert (await _get(stand, "drafts", q="没有"))["items"] == []
    detail = await _get(stand, f"drafts/{draft['id']}")
    assert "正文" in detail["articles"][0]["content"]
    published = await stand.article({"markdown": "# 第二篇\n\n另一篇", "action": "publish"})
    (article,) = (await _get(stand, "publications"))["items"]
    assert (article["id"], article["job"]) == (published["result"]["article_id"], published["id"])
    detail = await _get(stand, f"publications/{article['id']}")
    assert "另一篇" in detail["articles"][0]["content"]
    (job,) = (await stand.http.get(f"/v1/jobs?q={draft['id']}")).json()["items"]
    assert job["id"] == draft["job"]


async def test_what_others_made_is_found_when_the_list_is_read_anew(open_stand: Opens) -> None:
    async with open_stand(NEVER_FRESH) as stand:
        cover = await _picture(stand)
        made = [await _draft(stand, f"第 {n} 篇", cover) for n in range(23)]
        first = await _get(stand, "drafts")
        assert len(first["items"]) == 20
        rest = await _get(stand, "drafts", cursor=first["next_cursor"])
        listed = [item["id"] for item in first["items"] + rest["items"]]
        assert sorted(listed) == sorted(made)
        assert rest["next_cursor"] is None
        some = await _get(stand, "drafts", ids=",".join(made[:2]))
        assert {item["id"] for item in some["items"]} == set(made[:2])
        await _relay(stand, "/cgi-bin/draft/delete", {"media_id": made[7]})
        again = await _get(stand, "drafts", limit=100)
        assert {item["id"] for item in again["items"]} == set(made) - {made[7]}


async def test_a_draft_is_deleted_for_good(stand: Stand) -> None:
    job = await stand.article({"markdown": "# 题\n\n文"})
    one = f"{MAIN}/drafts/{job['result']['media_id']}"
    assert (await stand.http.delete(one)).status_code == 204
    assert len(stand.committed("draft_delete")) == 1
    assert (await _get(stand, "drafts"))["items"] == []
    for again in (await stand.http.delete(one), await stand.http.get(one)):
        assert (again.status_code, again.json()["error"]["code"]) == (404, "not_in_library")


async def test_a_draft_that_a_job_is_at_is_not_deleted(open_stand: Opens) -> None:
    async with open_stand(publish_s=30) as stand:
        media_id = (await stand.article({"markdown": "# 题\n\n文"}))["result"]["media_id"]
        one = f"{MAIN}/drafts/{media_id}"
        job = (await stand.http.post(f"{one}/publish")).json()
        refused = await stand.http.delete(one)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "draft_busy")
        assert job["id"] in refused.json()["error"]["message"]
        assert stand.committed("draft_delete") == []


async def test_an_article_is_taken_down_alone_or_with_the_others(stand: Stand) -> None:
    articles = [{"markdown": f"# 第 {n} 篇\n\n正文 {n}"} for n in (1, 2)]
    job = await stand.article({"articles": articles, "action": "publish"})
    one = f"publications/{job['result']['article_id']}"
    assert (await stand.http.delete(f"{MAIN}/{one}?index=3")).status_code == 422
    assert (await stand.http.delete(f"{MAIN}/{one}?index=2")).status_code == 204
    (left,) = (await _get(stand, "publications"))["items"]
    assert [each.get("is_deleted", False) for each in left["articles"]] == [False, True]
    live = await _get(stand, one)
    assert [each["is_deleted"] for each in live["articles"]] == [False, True]
    assert (await stand.http.delete(f"{MAIN}/{one}")).status_code == 204
    assert (await _get(stand, "publications"))["items"] == []


async def test_materials_are_listed_by_type_and_deleted(stand: Stand) -> None:
    media_id = await _picture(stand, "view.png")
    (picture,) = (await _get(stand, "materials", type="image"))["items"]
    assert (picture["id"], picture["type"], picture["title"]) == (media_id, "image", "view.png")
    assert (await _get(stand, "materials", type="voice,video"))["items"] == []
    assert len((await _get(stand, "materials"))["items"]) == 1
    assert (await _get(stand, f"materials/{media_id}"))["url"] == picture["url"]
    assert (await stand.http.delete(f"{MAIN}/materials/{media_id}")).status_code == 204
    assert (await _get(stand, "materials"))["items"] == []
    await _get(stand, f"materials/{media_id}", status=404)


async def test_a_deleted_cover_is_uploaded_anew(stand: Stand) -> None:
    fields = {"markdown": "# 题\n\n文"}
    await stand.article(fields)
    (cover,) = (await _get(stand, "materials"))["items"]
    assert (await stand.http.delete(f"{MAIN}/materials/{cover['id']}")).status_code == 204
    await stand.article(fields)
    assert len(stand.committed("material")) == 2


async def test_things_are_filed_under_tags(stand: Stand) -> None:
    job = await stand.article({"markdown": "# 题\n\n文"})
    one = f"{MAIN}/drafts/{job['result']['media_id']}"
    tagged = await stand.http.patch(one, json={"add": ["b", "周报"]})
    assert (tagged.status_code, tagged.json()["tags"]) == (200, ["b", "周报"])
    tagged = await stand.http.patch(one, json={"add": ["a"], "remove": ["b"]})
    assert tagged.json()["tags"] == ["a", "周报"]
    (listed,) = (await _get(stand, "drafts", tag="周报"))["items"]
    assert listed["tags"] == ["a", "周报"]
    assert (await _get(stand, "drafts", tag="b"))["items"] == []
    unknown = await stand.http.patch(f"{MAIN}/drafts/none", json={"add": ["a"]})
    assert unknown.status_code == 404
    for body in ({"add": [""]}, {"add": ["x" * 33]}, {"x": 1}):
        assert (await stand.http.patch(one, json=body)).status_code == 422


async def test_a_list_that_wechat_refuses_is_told(stand: Stand) -> None:
    url = "/v1/accounts/personal/publications"
    listed = (await stand.http.get(url)).json()
    assert (listed["items"], listed["synced_at"]) == ([], None)
    assert listed["error"]["upstream"]["errcode"] == 48001
    assert (await stand.http.get(url, params={"refresh": "true"})).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "cursor=x",
        "cursor=1.a b",
        "type=x",
        "ids=a%00",
        "refresh=maybe",
        "x=1",
    ],
)
async def test_a_query_that_makes_no_sense_is_a_422(stand: Stand, query: str) -> None:
    error = (await _get(stand, f"drafts?{query}", status=422))["error"]
    assert (error["code"], error["field"]) == ("field_invalid", query.split("=", maxsplit=1)[0])


async def test_looking_and_deleting_need_their_scopes(open_stand: Opens) -> None:
    key = "wxg_other_0123456789abcdefghijklmn"
    one = {"id": "other", "key": key, "accounts": ["main"]}
    headers = {"Authorization": f"Bearer {key}"}
    for scopes, looks, deletes in (
        (["relay:read"], 200, 403),
        (["material"], 403, 403),
        (["draft"], 200, 404),
        (["stats"], 403, 403),
    ):
        async with open_stand({"clients": [{**one, "scopes": scopes}]}) as stand:
            got = await stand.http.get(f"{MAIN}/drafts", headers=headers)
            deleted = await stand.http.delete(f"{MAIN}/drafts/x", headers=headers)
            elsewhere = await stand.http.get("/v1/accounts/personal/drafts", headers=headers)
        assert (got.status_code, deleted.status_code) == (looks, deletes), scopes
        assert elsewhere.status_code in (403, 404)
