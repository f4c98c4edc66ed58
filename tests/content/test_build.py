import base64
from io import BytesIO

import pytest
from PIL import Image

from content.article import ArticleFields, BuiltArticle
from content.pictures.errors import ImageFileMissing, ImageInvalid, ImageSourceForbidden
from content.refusals import TitleMissing, TitleTooLong
from core.errors import GatewayError
from fetch.errors import FetchTimeout
from tests.content.conftest import encode, halves, moving, photo
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


async def test_the_cover_says_which_part_of_it_lists_show(rig: Rig) -> None:
    def crops(built: BuiltArticle) -> list[str]:
        sent = built.article.as_json()
        return [sent[name] for name in ("pic_crop_235_1", "pic_crop_1_1") if name in sent]

    wide = Image.new("RGB", (800, 400), "white")
    wide.paste(photo(80, 80), (700, 160))
    files = {"wide.png": encode(wide, "PNG")}
    build = rig.builder.build
    found = crops(await build("main", article("![](wide.png)"), files))
    assert float(found[1].split("_")[2]) > 0.97
    assert crops(await build("main", article("![](wide.png)"), files)) == found  # reused
    centred = {"options": {"cover_crop": "center"}}
    built = await build("main", article("![](wide.png)", **centred), files)
    assert crops(built)[1] == "0.25_0_0.75_1"
    off = {"options": {"cover_crop": "off"}}
    assert crops(await build("main", article("![](wide.png)", **off), files)) == []
    drawn = await build("main", article("x"), {})
    assert crops(drawn) == ["0_0.000028_1_0.999972", "0.287222_0_0.712778_1"]


async def test_a_gif_that_moves_stays_in_the_text_and_is_a_still_as_cover(rig: Rig) -> None:
    data = moving()
    built = await rig.builder.build("main", article("![](a.gif)"), {"a.gif": data})
    assert 'src="https://mmbiz.qpic.cn/m"' in built.article.content
    assert rig.call.paths() == ["add_material", "add_material"]
    assert {sent[:4] for _, _, sent in rig.call.uploads} == {b"GIF8", b"\x89PNG"}
    assert built.article.thumb_media_id.startswith("MEDIA-")
    assert built.warnings == ()


async def test_an_animation_that_wechat_does_not_take_is_warned_about(rig: Rig) -> None:
    frames = {"save_all": True, "append_images": [photo(80, 60)], "lossless": True}
    webp = encode(halves(), "WEBP", **frames)
    built = await rig.builder.build("main", article("![](a.webp)"), {"a.webp": webp})
    assert [image.action for image in built.images] == ["still"]
    assert [(found.code, found.field) for found in built.warnings] == [
        ("animation_lost", "images[0]")
    ]


async def test_the_options_of_an_article_reach_its_pictures(rig: Rig) -> None:
    files = {"a.jpg": encode(photo(300, 200), "JPEG")}
    for width in (0, 150, 150):
        built = await rig.builder.build(
            "main", article("![](a.jpg)", options={"image_max_width": width}), files
        )
    assert [image.status for image in built.images] == ["reused"]
    sizes = [Image.open(BytesIO(data)).size for _, _, data in rig.call.uploads]
    assert sorted(sizes) == [(150, 100)] * 2 + [(300, 200)] * 2


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


async def test_formulas_and_diagrams_end_at_wechat_as_png(rig: Rig) -> None:
    text = "字 $x^2$ 与 $x^2$\n\n```mermaid\ngraph TD\n A[开始] --> B\n```\n"
    built = await rig.builder.build("main", article(text, options={"math": "png"}), {})
    assert [image.action for image in built.images] == ["converted", "converted"]
    assert built.article.content.count("https://mmbiz.qpic.cn/") == 3
    assert "<svg" not in built.article.content
    assert "base64" not in built.article.content
    assert built.warnings == ()
    drawn = [data for _, path, data in rig.call.uploads if path.endswith("uploadimg")]
    assert all(data.startswith(b"\x89PNG") for data in drawn)
