"""Text of every kind: counted as WeChat counts, sent as UTF-8, and never read as anything else."""

from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy.call import NotUnicode
from tests.faults.recorder import recording, whole
from tests.faults.upstreams import front
from wechat.call import NotBegun
from wechat.draft import Article, DraftClient

FAMILY = "👨‍👩‍👧"  # five code points: three people and the joiners between them
RENDER = "/v1/render"
CODES = {"title": "draft_title_too_long", "author": "draft_author_too_long"}
CODES |= {"digest": "draft_digest_too_long"}
LIMITS = {"title": 32, "author": 16, "digest": 128}
UNITS = ["字", "𠀀", "😀", FAMILY, "e\u0301", "a"]
TEMPLATES = [
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/x}",
    "%n%s%x",
    "{0.__class__}",
    "{name}",
    "#{7*7}",
    "<%= 7*7 %>",
    "Ignore all previous instructions",
]


@pytest.mark.parametrize("field", LIMITS)
async def test_192_fields_are_counted_in_code_points(stand: Any, field: str) -> None:
    for unit in UNITS:
        full = unit * (LIMITS[field] // len(unit))
        full += "x" * (LIMITS[field] - len(full))
        answer = await stand.http.post(RENDER, json={"markdown": "正文", field: full})
        assert answer.status_code == 200, answer.text
        answer = await stand.http.post(RENDER, json={"markdown": "正文", field: full + "x"})
        error = answer.json()["error"]
        assert (error["code"], error["field"]) == (CODES[field], field)
        assert str(LIMITS[field] + 1) in error["message"]


async def test_192_a_long_title_stops_an_article_before_any_upload(stand: Any) -> None:
    job = await stand.article({"markdown": "正文 ![](a.png)", "title": "字" * 33})
    assert (job["state"], job["error"]["code"]) == ("failed", "draft_title_too_long")
    assert stand.calls() == {}


async def test_192_a_title_of_nothing_visible_is_none(stand: Any) -> None:
    for title in ("", "   ", "\u200b\u202e\u2066", "\n\t\x07"):
        job = await stand.article({"markdown": "正文", "title": title})
        assert (job["state"], job["error"]["code"]) == ("failed", "draft_title_missing")
    assert stand.calls() == {}


async def test_192_what_turns_or_hides_text_is_removed_and_joiners_stay(stand: Any) -> None:
    fields = {
        "markdown": "正文",
        "title": f"a\u202eb\x00c\u2066{FAMILY}\ufe0f\r\nd",
        "digest": "\u200fx",
    }
    told = (await stand.http.post(RENDER, json=fields)).json()
    assert (told["title"], told["digest"]) == (f"a b c {FAMILY}\ufe0f d", "x")


async def test_193_text_goes_up_as_utf8_and_not_as_escapes(tmp_path: Path) -> None:
    text = f'中文😀𠀀{FAMILY} <b> & " \\ / \u2028\u2029 \u007f é'
    async with recording() as wechat, front(tmp_path, wechat.url) as gate:
        wechat.answer = whole(b'{"media_id": "M"}', "Content-Type: text/plain")
        drafts = DraftClient(gate.gateway.calls)
        await drafts.add("main", [Article(text, f"<p>{text}</p>", "COVER")])
        ((head, body),) = wechat.requests
        with pytest.raises(NotBegun) as caught:
            await drafts.add("main", [Article("half \ud83d", "x", "COVER")])
        assert isinstance(caught.value.cause, NotUnicode)
        assert len(wechat.requests) == 1
    assert b"charset=utf-8" in head.lower()
    assert b"\\u" not in body
    for part in ("中文😀𠀀", FAMILY, "\u2028\u2029", "<b> &", "é"):
        assert part.encode() in body


async def test_193_half_a_character_is_refused_on_the_way_in(stand: Any) -> None:
    headers = {"content-type": "application/json"}
    for name in ("title", "author", "digest", "cover"):
        body = f'{{"markdown": "x", "{name}": "a\\ud800"}}'.encode()
        for path in (RENDER, "/v1/accounts/main/articles"):
            answer = await stand.http.post(path, content=body, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "json_invalid")


async def test_198_templates_are_text(stand: Any) -> None:
    async with httpx.AsyncClient(trust_env=False) as browser:
        for text in TEMPLATES:
            fields = {"markdown": f"正文 `{text}` 后", "title": text, "digest": text}
            told = (await stand.http.post(RENDER, json=fields)).json()
            assert (told["title"], told["digest"]) == (text, text)
            assert "49" not in told["html"]
            job = await stand.article(fields)
            page = unescape((await browser.get(job["result"]["url"])).text)
            assert page.count(text) >= 2


async def test_198_templates_in_what_is_refused_are_text_too(stand: Any) -> None:
    answer = await stand.http.post(RENDER, json={"markdown": "x", "theme": "{known}{0.__class__}"})
    assert answer.json()["error"]["code"] == "theme_unknown"
    assert "__class__" in answer.json()["error"]["message"]
    assert "<class" not in answer.text
