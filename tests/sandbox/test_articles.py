import json
from typing import Any

import pytest

from sandbox.settings import PERSONAL
from tests.sandbox.caller import Caller, png
from tests.sandbox.conftest import Start

ADD = "/cgi-bin/draft/add"


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"title": "题" * 33}, 45003),
        ({"title": ""}, 45003),
        ({"title": None}, 45003),
        ({"title": 1}, 47001),
        ({"author": "者" * 17}, 45110),
        ({"digest": "摘" * 129}, 45004),
        ({"content": "<p>" + "字" * 20_001 + "</p>"}, 45002),
        ({"content": "<p>" + "<b></b>" * 143_000 + "</p>"}, 45002),
        ({"content": ""}, 44004),
        ({"content_source_url": "https://a/" + "a" * 1_015}, 45005),
        ({"content_source_url": "ftp://a/"}, 41039),
        ({"article_type": "video"}, 40097),
        ({"need_open_comment": 2}, 47001),
        ({"pic_crop_1_1": "0_0_1"}, 53402),
        ({"pic_crop_235_1": "0_0_1_1.5"}, 53402),
        ({"thumb_media_id": None}, 40007),
        ({"thumb_media_id": "http://mmbiz.qpic.cn/mmbiz_png/x/0"}, 40007),
    ],
)
async def test_what_breaks_a_limit_is_refused(
    caller: Caller, changes: dict[str, Any], errcode: int
) -> None:
    assert (await caller.add(**changes))["errcode"] == errcode
    assert caller.sandbox.ledger.entries("draft") == []


async def test_the_limits_themselves_are_taken(caller: Caller) -> None:
    await caller.draft(
        title="题" * 32,
        author="者" * 16,
        digest="摘" * 128,
        content="<p style='color:#333333'>" + "字" * 20_000 + "</p>",
        pic_crop_1_1="0_0.25_1.0_1",
    )


async def test_strict_lengths_count_bytes_and_tags(start: Start) -> None:
    caller = await start(lengths="strict")
    assert (await caller.add(title="题" * 22))["errcode"] == 45003
    assert (await caller.add(author="者" * 7))["errcode"] == 45110
    assert (await caller.add(digest="摘" * 41))["errcode"] == 45004
    assert (await caller.add(content="<p></p>" * 2_858))["errcode"] == 45002
    await caller.draft(title="题" * 21, author="者" * 6, digest="摘" * 40)


async def test_a_temporary_or_foreign_picture_is_no_cover(caller: Caller) -> None:
    uploaded = await caller.upload("/cgi-bin/media/upload", png(), type="image")
    assert (await caller.add(thumb_media_id=uploaded["media_id"]))["errcode"] == 40007
    foreign = await caller.as_account(PERSONAL).thumb()
    assert (await caller.add(thumb_media_id=foreign))["errcode"] == 40007


async def test_a_missing_digest_is_cut_from_the_text(caller: Caller) -> None:
    media_id = await caller.draft(content="<style>p{}</style><p>" + "字" * 60 + "</p>")
    assert (await caller.read(media_id))["digest"] == "字" * 54


async def test_only_a_single_article_keeps_its_digest(caller: Caller) -> None:
    articles = [await caller.article(digest="自己的摘要") for _ in range(2)]
    added = await caller.post(ADD, {"articles": articles})
    assert (await caller.read(added["media_id"]))["digest"] == "正文"
    assert (await caller.read(await caller.draft(digest="自己的摘要")))["digest"] == "自己的摘要"


async def test_escapes_are_kept_as_six_characters(caller: Caller) -> None:
    article = await caller.article(title="你好")
    escaped = json.dumps({"articles": [article]}).encode()
    assert rb"\u4f60" in escaped
    added = await caller.post(ADD, escaped)
    assert (await caller.read(added["media_id"]))["title"] == r"\u4f60\u597d"


async def test_escapes_make_a_title_too_long(caller: Caller) -> None:
    escaped = json.dumps({"articles": [await caller.article(title="题" * 6)]}).encode()
    assert (await caller.post(ADD, escaped))["errcode"] == 45003


async def test_escapes_are_refused_where_switched(start: Start) -> None:
    caller = await start(escapes="refuse_47002")
    escaped = json.dumps({"articles": [await caller.article(title="你")]}).encode()
    assert (await caller.post(ADD, escaped))["errcode"] == 47002


async def test_markup_that_is_reported_to_fail_is_refused_where_switched(start: Start) -> None:
    caller = await start(markup="refuse_45166")
    assert (await caller.add(content="<p>a</p><script>1</script>"))["errcode"] == 45166
    assert (await caller.add(content='<a href="/relative">a</a>'))["errcode"] == 45166
    await caller.draft(content='<a href="https://mp.weixin.qq.com/s/x">a</a>')


async def test_a_newspic_needs_its_pictures_and_keeps_plain_text(caller: Caller) -> None:
    pictures = [await caller.thumb() for _ in range(2)]
    images = [{"image_media_id": media_id} for media_id in pictures]
    media_id = await caller.draft(
        article_type="newspic",
        content="<b>只有</b>文字",
        image_info={"image_list": images},
        thumb_media_id=None,
    )
    got = await caller.read(media_id)
    assert (got["content"], got["thumb_media_id"]) == ("只有文字", pictures[0])
    assert got["image_info"]["image_list"] == images


@pytest.mark.parametrize(
    "image_info",
    [
        None,
        {},
        {"image_list": []},
        {"image_list": [{"image_media_id": "x"}]},
        {"image_list": ["x"]},
    ],
)
async def test_a_newspic_with_bad_pictures_is_refused(caller: Caller, image_info: object) -> None:
    answer = await caller.add(article_type="newspic", image_info=image_info)
    assert answer["errcode"] == 40007


def _crop(**changes: Any) -> dict[str, Any]:
    crop = {"ratio": "1_1", "x1": "0", "y1": "0.1", "x2": "0.123456", "y2": "1"}
    return {"crop_percent_list": [{**crop, **changes}]}


@pytest.mark.parametrize(
    ("cover_info", "errcode"),
    [
        (_crop(ratio="4_3"), 53402),
        (_crop(x1="0.1234567"), 53402),
        (_crop(x2="1.5"), 53402),
        (_crop(x2="0"), 53402),
        (_crop(x1=0), 47001),
        ({"crop_percent_list": {}}, 47001),
        ({"crop_percent_list": ["x"]}, 47001),
        ("x", 47001),
    ],
)
async def test_crops_of_a_newspic_are_areas_of_known_ratios(
    caller: Caller, cover_info: object, errcode: int
) -> None:
    images = {"image_list": [{"image_media_id": await caller.thumb()}]}
    answer = await caller.add(article_type="newspic", image_info=images, cover_info=cover_info)
    assert answer["errcode"] == errcode


async def test_good_crops_are_kept(caller: Caller) -> None:
    images = {"image_list": [{"image_media_id": await caller.thumb()}]}
    media_id = await caller.draft(article_type="newspic", image_info=images, cover_info=_crop())
    assert (await caller.read(media_id))["cover_info"] == _crop()


async def test_a_newspic_has_at_most_20_pictures(caller: Caller) -> None:
    picture = {"image_media_id": await caller.thumb()}
    kinds = {"article_type": "newspic"}
    assert "media_id" in await caller.add(image_info={"image_list": [picture] * 20}, **kinds)
    answer = await caller.add(image_info={"image_list": [picture] * 21}, **kinds)
    assert answer["errcode"] == 40007


async def test_only_two_kinds_of_article_are_known(caller: Caller) -> None:
    assert (await caller.add(article_type="video"))["errcode"] == 40097


async def test_strict_lengths_hold_a_newspic_to_2_kb(start: Any) -> None:
    caller = await start(lengths="strict")
    images = {"image_list": [{"image_media_id": await caller.thumb()}]}
    fields = {"article_type": "newspic", "image_info": images}
    await caller.draft(content="字" * 666, **fields)
    assert (await caller.add(content="字" * 667, **fields))["errcode"] == 45166


async def test_fields_that_wechat_does_not_know_are_refused_on_demand(start: Any) -> None:
    caller = await start(unknown_fields="refuse_47001")
    await caller.draft()
    assert (await caller.add(show_cover_pic=1))["errcode"] == 47001


async def test_of_several_articles_each_is_checked_and_none_has_a_digest(caller: Caller) -> None:
    good = await caller.article(digest="摘要")
    bad = await caller.article(title="字" * 33)
    path = "/cgi-bin/draft/add"
    assert (await caller.post(path, {"articles": [good, bad]}))["errcode"] == 45003
    assert (await caller.post(path, {"articles": [good] * 9}))["errcode"] == 45008
    media_id = (await caller.post(path, {"articles": [good, good]}))["media_id"]
    assert (await caller.read(media_id))["digest"] == "正文"
