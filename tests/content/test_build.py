import base64

import pytest

from content.article import ArticleFields
from content.pictures.errors import ImageFileMissing, ImageInvalid, ImageSourceForbidden
from content.refusals import TitleMissing, TitleTooLong
from core.errors import GatewayError
from fetch.errors import FetchTimeout
from tests.content.rig import JPEG, PNG, WEBP, Rig, article


async def test_pictures_of_all_kinds_end_at_wechat(rig: Rig) -> None:
    rig.hosts.pictures["https://a.com/x.webp?a=1&b=2"] = WEBP
    text = (
        "![](https://a.com/x.webp?a=1&b=2) ![](<图/一.png>) ![](data:image/png;base64,"
        + base64.b64encode(JPEG).decode()
        + ') ![](https://mmbiz.qpic.cn/old/0) `src="图/一.png"`'
    )
    built = await rig.builder.build("main", article(text), {"图/一.png": PNG})
    statuses = [(image.status, image.action) for image in built.images]
    assert statuses == [
        ("uploaded", "converted"),
        ("uploaded", "passed"),
        ("uploaded", "passed"),
        ("kept", "none"),
    ]
    assert built.article.content.count("https://mmbiz.qpic.cn/") == 4
    assert "a.com" not in built.article.content
    assert "base64" not in built.article.content
    assert 'src="图/一.png"' in built.article.content.replace("&nbsp;", " ")  # in the text it stays
    assert built.article.thumb_media_id.startswith("MEDIA-")
    assert sorted(rig.call.paths()) == ["add_material", *["uploadimg"] * 3]
    assert all(len(data) < 1_000_000 for _, _, data in rig.call.uploads)


async def test_a_named_cover_a_media_id_and_a_drawn_one(rig: Rig) -> None:
    named = await rig.builder.build("main", article("x", cover="c.jpg"), {"c.jpg": JPEG})
    assert named.article.thumb_media_id == "MEDIA-1"
    media_id = "abcdefghijklmnopqrstuvwxyz"
    kept = await rig.builder.build("main", article("x", cover=media_id), {})
    assert kept.article.thumb_media_id == media_id
    assert len(rig.call.uploads) == 1
    drawn = await rig.builder.build("main", article("x"), {})
    again = await rig.builder.build("main", article("y"), {})
    assert drawn.article.thumb_media_id == again.article.thumb_media_id == "MEDIA-2"
    assert rig.call.paths() == ["add_material", "add_material"]


@pytest.mark.parametrize(
    ("text", "given", "error", "field"),
    [
        ("![](a.png) ![](b.png)", {}, ImageFileMissing, "images[1]"),
        ("![](a.png) ![](broken.png)", {}, ImageInvalid, "images[1]"),
        ("![](https://a.com/slow)", {}, FetchTimeout, "images[0]"),
        ("x", {"cover": "file:///etc/passwd"}, ImageSourceForbidden, "cover"),
        ("x", {"cover": "broken.png"}, ImageInvalid, "cover"),
        ("x", {"title": "字" * 33}, TitleTooLong, "title"),
    ],
)
async def test_an_error_names_the_picture_or_the_field(
    rig: Rig, text: str, given: dict[str, str], error: type[GatewayError], field: str
) -> None:
    rig.hosts.pictures["https://a.com/slow"] = FetchTimeout(url="https://a.com/slow", seconds="10")
    files = {"a.png": PNG, "broken.png": PNG[:60]}
    with pytest.raises(error) as caught:
        await rig.builder.build("main", article(text, **given), files)
    assert caught.value.field == field


async def test_nothing_is_uploaded_for_an_article_that_cannot_be(rig: Rig) -> None:
    fields = ArticleFields(markdown="![](a.png)")
    with pytest.raises(TitleMissing):
        await rig.builder.build("main", fields, {"a.png": PNG})
    with pytest.raises(ImageSourceForbidden):
        await rig.builder.build("main", article("![](a.png) ![](/etc/x.png)"), {"a.png": PNG})
    assert rig.call.uploads == []


async def test_fields_become_what_draft_add_wants(rig: Rig) -> None:
    fields = ArticleFields(
        markdown="x",
        title="t",
        author="a",
        digest="d",
        content_source_url="https://a.com",
        need_open_comment=True,
    )
    made = (await rig.builder.build("main", fields, {})).article
    assert (made.title, made.author, made.digest) == ("t", "a", "d")
    assert (made.need_open_comment, made.only_fans_can_comment) == (1, 0)
    assert made.content_source_url == "https://a.com"
