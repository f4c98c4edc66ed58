"""From Markdown to a published article, through everything that is real."""

import json
from typing import Any

import httpx
import pytest

from sandbox.sample import sample_article


async def test_the_sample_is_published_with_its_pictures_on_wechats_host(stand: Any) -> None:
    markdown = sample_article(stand.sandbox.url)
    job = await stand.article({"markdown": markdown, "action": "publish"})
    assert job["state"] == "succeeded"
    assert job["result"]["mode"] == "published"
    (published,) = stand.committed("publication")
    assert job["result"]["article_id"]
    assert len(stand.committed("image")) == 6
    async with httpx.AsyncClient(trust_env=False) as browser:
        page = (await browser.get(job["result"]["url"])).text
    assert page.count("/mmbiz/") >= 6
    assert "/sample/" not in page
    assert published.account.startswith("wx")


async def test_the_same_article_with_other_words_uploads_nothing(stand: Any) -> None:
    markdown = sample_article(stand.sandbox.url)
    await stand.article({"markdown": markdown})
    before = stand.calls()
    await stand.article({"markdown": markdown.replace("写作的人", "写字的人")})
    after = stand.calls()
    changed = {path for path, count in after.items() if count != before.get(path, 0)}
    assert changed <= {"/cgi-bin/draft/add", "/cgi-bin/draft/get"}
    assert len(stand.committed("draft")) == 2


async def test_a_personal_account_ends_with_a_draft_and_the_clicks_that_remain(
    stand: Any,
) -> None:
    job = await stand.article(
        {"markdown": "# 一篇\n\n正文", "action": "publish"}, account="personal"
    )
    assert (job["state"], job["result"]["mode"]) == ("succeeded", "draft_ready")
    assert job["result"]["media_id"]
    assert job["result"]["url"].startswith("http")
    assert len(job["result"]["next_steps"]) >= 2
    assert stand.committed("publication") == []


async def test_local_pictures_come_along_as_parts(stand: Any) -> None:
    from io import BytesIO

    from PIL import Image

    picture = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(picture, "WEBP")
    parts = [
        (
            "article",
            (None, json.dumps({"markdown": "# 图\n\n![](img/a.webp)"}), "application/json"),
        ),
        ("img/a.webp", ("a.webp", picture.getvalue(), "image/webp")),
    ]
    response = await stand.http.post(
        "/v1/accounts/main/articles", files=parts, headers={"Prefer": "wait=30"}
    )
    assert response.json()["state"] == "succeeded", response.text
    assert len(stand.committed("image")) == 1


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"markdown": "# " + "题" * 33 + "\n\nx"}, "draft_title_too_long", "title"),
        ({"markdown": "# t\n\n![](file:///etc/passwd)"}, "image_source_forbidden", "images[0]"),
        ({"markdown": "# t\n\n![](missing.png)"}, "image_file_missing", "images[0]"),
        ({"markdown": "# t\n\n![](http://169.254.169.254/x.png)"}, "url_forbidden", "images[0]"),
        ({"markdown": "no title"}, "draft_title_missing", "title"),
    ],
)
async def test_an_article_that_cannot_be_is_a_failed_job_with_a_reason(
    stand: Any, fields: dict[str, Any], code: str, field: str
) -> None:
    job = await stand.article(fields)
    assert job["state"] == "failed"
    assert (job["error"]["code"], job["error"].get("field")) == (code, field)
    assert job["error"]["hint"]
    assert stand.committed("draft") == []


async def test_a_broken_picture_fails_the_article_and_nothing_is_made(stand: Any) -> None:
    parts = [
        ("article", (None, json.dumps({"markdown": "# 图\n\n![](a.png)"}), "application/json")),
        ("a.png", ("a.png", b"\x89PNG\r\n\x1a\n" + b"nonsense" * 50, "image/png")),
    ]
    response = await stand.http.post(
        "/v1/accounts/main/articles", files=parts, headers={"Prefer": "wait=30"}
    )
    job = response.json()
    assert job["state"] == "failed"
    assert job["error"]["code"] == "image_invalid"
    assert stand.committed("draft") == []


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        ("/v1/accounts/nobody/articles", {"json": {"markdown": "x"}}, 404, "account_unknown"),
        ("/v1/accounts/main/articles", {"json": {}}, 422, "field_invalid"),
        ("/v1/accounts/main/articles", {"json": {"markdown": "x", "y": 1}}, 422, "field_invalid"),
        ("/v1/accounts/main/articles", {"content": b"{"}, 400, "json_invalid"),
        ("/v1/accounts/main/articles", {"content": b"x" * 30_000_000}, 413, "request_too_large"),
        ("/v1/render", {"json": {"markdown": "x" * 70_000}}, 422, "field_invalid"),
    ],
)
async def test_a_wrong_request_is_refused_in_the_contracts_form(
    stand: Any, path: str, content: dict[str, Any], status: int, code: str
) -> None:
    response = await stand.http.post(path, headers={"Content-Type": "application/json"}, **content)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert error["request_id"] == response.headers["x-request-id"]


async def test_an_idempotency_key_gives_one_job(stand: Any) -> None:
    body = {"markdown": "# 一\n\n二"}
    headers = {"Idempotency-Key": "k-1", "Prefer": "wait=30"}
    url = "/v1/accounts/main/articles"
    first = (await stand.http.post(url, json=body, headers=headers)).json()
    again = (await stand.http.post(url, json=body, headers=headers)).json()
    other = await stand.http.post(url, json={"markdown": "# 三"}, headers=headers)
    assert first["id"] == again["id"]
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_mismatch")
    assert len(stand.committed("draft")) == 1


async def test_rendering_touches_no_account(stand: Any) -> None:
    response = await stand.http.post(
        "/v1/render", json={"markdown": "# 题\n\n**粗** ![](a.png)", "options": {}}
    )
    told = response.json()
    assert (told["title"], told["images"]) == ("题", [{"src": "a.png", "alt": ""}])
    assert "<strong" in told["html"]
    assert told["stats"]["characters"] > 0
    assert not stand.calls()


async def test_progress_can_be_watched(stand: Any) -> None:
    accepted = await stand.http.post("/v1/accounts/main/articles", json={"markdown": "# 一\n\n二"})
    assert accepted.status_code == 202
    async with stand.http.stream("GET", accepted.headers["location"] + "/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        lines = [line async for line in events.aiter_lines()]
    states = [json.loads(line[6:])["state"] for line in lines if line.startswith("data: ")]
    assert states[-1] == "succeeded"


async def test_a_job_tells_what_became_of_each_picture(stand: Any) -> None:
    markdown = sample_article(stand.sandbox.url) + "\n\n![缺](gone.png?x=SECRET)"
    options = {"image_failure": "placeholder"}
    (item,) = (await stand.article({"markdown": markdown, "options": options}))["items"]
    *brought, missing = item["images"]
    assert len(brought) >= 5
    assert {(image["status"], image["reason"]) for image in brought} == {("uploaded", None)}
    assert all(image["bytes_in"] and image["bytes_out"] and image["format"] for image in brought)
    assert (missing["src"], missing["status"]) == ("gone.png", "placeholder")
    assert missing["reason"] == "image_file_missing"
    assert item["warnings"][-1]["code"] == "image_failed"
    assert item["warnings"][-1]["field"] == missing["field"]
    assert "SECRET" not in str(item)
    (draft,) = stand.committed("draft")
    assert "gone.png" not in str(draft)


async def test_what_wechat_did_not_keep_is_told_with_the_draft(stand: Any) -> None:
    well = await stand.article({"markdown": "# 题\n\n**粗**，`码`。\n\n- 一\n- 二"})
    assert "changed_by_wechat" not in well["result"]
    before = stand.calls()["/cgi-bin/draft/get"]
    job = await stand.article({"html": "<h1>题</h1><p>一<cite>二</cite><cite>三</cite></p>"})
    assert job["result"]["changed_by_wechat"] == [
        {
            "article": 0,
            "what": "tag",
            "change": "dropped",
            "name": "cite",
            "sent": "",
            "kept": "",
            "count": 2,
        }
    ]
    assert stand.calls()["/cgi-bin/draft/get"] == before + 1


async def test_lint_tells_all_at_once_and_touches_no_account(stand: Any) -> None:
    response = await stand.http.post(
        "/v1/lint", json={"markdown": "##题\n\n[a](b)", "title": "字" * 40}
    )
    assert response.status_code == 200
    rules = {finding["rule"] for finding in response.json()["findings"]}
    assert {"draft_title_too_long", "heading_without_space", "link_relative"} <= rules
    assert stand.calls() == {}
