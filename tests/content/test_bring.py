import asyncio
import gc

import pytest

from content.article import ArticleFields
from content.workers import WorkerPool
from core.errors import GatewayError
from fetch.errors import FetchRefused
from tests.content.conftest import encode, photo
from tests.content.rig import PNG, WEBP, Rig, article


async def test_the_same_pictures_in_another_article_upload_nothing(rig: Rig) -> None:
    rig.hosts.pictures["https://a.com/x"] = WEBP
    first = await rig.builder.build("main", article("![](https://a.com/x) one"), {})
    uploads = len(rig.call.uploads)
    second = await rig.builder.build("main", article("two ![](https://a.com/x)"), {})
    assert len(rig.call.uploads) == uploads == 2
    assert second.images[0].status == "reused"
    assert second.images[0].url == first.images[0].url
    assert second.article.thumb_media_id == first.article.thumb_media_id
    # Another account has a library of its own.
    await rig.builder.build("other", article("![](https://a.com/x)"), {})
    assert len(rig.call.uploads) == 4


async def test_twenty_pictures_are_fetched_at_once(rig: Rig) -> None:
    for number in range(20):
        url = f"https://a.com/{number}"
        rig.hosts.pictures[url] = encode(photo(32, 32, seed=number), "PNG")
    text = " ".join(f"![]({url})" for url in rig.hosts.pictures)
    heard: list[tuple[str, int, int]] = []

    async def on_progress(stage: str, done: int, total: int) -> None:
        heard.append((stage, done, total))

    built = await rig.builder.build("main", article(text), {}, on_progress=on_progress)
    assert rig.hosts.most_at_once == 20
    assert heard == [("images", done, 20) for done in range(1, 21)]
    assert [image.src for image in built.images] == list(rig.hosts.pictures)
    assert len(rig.call.uploads) == 21


async def test_pictures_that_do_not_fit_into_memory_wait_for_those_before(
    pool: WorkerPool,
) -> None:
    pictures = {
        f"https://a.com/{number}": encode(photo(40, 40, seed=number), "PNG") for number in range(6)
    }
    largest = max(map(len, pictures.values()))
    rig = Rig(pool, memory_bytes=2 * largest)
    rig.hosts.pictures.update(pictures)
    texts = [" ".join(f"![]({url})" for url in list(pictures)[at : at + 3]) for at in (0, 3)]
    # Two articles share the one budget.
    await asyncio.gather(*(rig.builder.build("main", article(text), {}) for text in texts))
    assert rig.hosts.most_at_once == 2
    assert len(rig.call.uploads) == 8
    tight = Rig(pool, memory_bytes=1)  # a picture larger than all there is goes alone
    tight.hosts.pictures.update(pictures)
    await tight.builder.build("main", article(texts[0]), {})
    assert tight.hosts.most_at_once == 1
    await rig.builder.aclose()
    await tight.builder.aclose()


BROKEN = FetchRefused(url="https://a.com/gone", http=404, tried="", tried_en="")


async def test_by_default_a_missing_picture_ends_the_article(rig: Rig) -> None:
    rig.hosts.pictures["https://a.com/gone"] = BROKEN
    with pytest.raises(FetchRefused) as caught:
        await rig.builder.build("main", article("![](https://a.com/gone)"), {})
    assert caught.value.field == "images[0]"


async def test_keep_leaves_its_address_and_says_so(rig: Rig) -> None:
    rig.hosts.pictures["https://a.com/gone"] = BROKEN
    fields = article(
        "![](https://a.com/gone) ![](a.png) ![](/static/b.png)", options={"image_failure": "keep"}
    )
    built = await rig.builder.build("main", fields, {"a.png": PNG})
    assert [(image.status, image.reason) for image in built.images] == [
        ("failed", "fetch_refused"),
        ("uploaded", None),
        ("failed", "image_source_forbidden"),
    ]
    assert 'src="https://a.com/gone"' in built.article.content
    assert 'src="/static/b.png"' in built.article.content
    failed = [warning for warning in built.warnings if warning.code == "image_failed"]
    assert [warning.field for warning in failed] == ["images[0]", "images[2]"]
    assert "WeChat drops it" in failed[0].message.en
    # The first picture would be the cover: it is drawn instead.
    assert sorted(rig.call.paths()) == ["add_material", "uploadimg"]


async def test_a_placeholder_stands_for_each_missing_picture(rig: Rig) -> None:
    rig.hosts.pictures["https://a.com/gone"] = BROKEN
    text = '![风景](https://a.com/gone?x=1&y=2) ![风景](missing.png) ![](broken.png "x")'
    rig.hosts.pictures["https://a.com/gone?x=1&y=2"] = BROKEN
    fields = article(text, options={"image_failure": "placeholder"})
    built = await rig.builder.build("main", fields, {"broken.png": PNG[:60]})
    assert [(image.status, image.reason) for image in built.images] == [
        ("placeholder", "fetch_refused"),
        ("placeholder", "image_file_missing"),
        ("placeholder", "image_invalid"),
    ]
    assert "a.com" not in built.article.content
    assert built.article.content.count("https://mmbiz.qpic.cn/") == 3
    # One for each different text, and the cover.
    assert sorted(rig.call.paths()) == ["add_material", "uploadimg", "uploadimg"]
    again = await rig.builder.build("main", fields, {"broken.png": PNG[:60]})
    assert again.article == built.article
    assert len(rig.call.uploads) == 3


async def test_a_background_that_cannot_be_had_never_ends_the_article(rig: Rig) -> None:
    rig.hosts.pictures["https://a.com/gone"] = BROKEN
    rig.hosts.pictures["https://a.com/paper"] = PNG
    html = (
        '<section style="background:url(https://a.com/gone);color:red">a</section>'
        "<section style=\"background-image:url('https://a.com/paper');color:red\">b</section>"
    )
    built = await rig.builder.build("main", ArticleFields(title="t", html=html), {})
    assert [image.status for image in built.images] == ["failed", "uploaded"]
    assert "a.com" not in built.article.content
    assert "background-image:url(&quot;https://mmbiz.qpic.cn/" in built.article.content
    assert built.article.content.count("color:red") == 2
    codes = {warning.code for warning in built.warnings}
    assert codes == {"background_unconfirmed", "image_failed"}


async def test_a_cover_that_cannot_be_had_is_drawn(rig: Rig) -> None:
    fields = article("x", cover="gone.png", options={"image_failure": "keep"})
    built = await rig.builder.build("main", fields, {})
    assert built.article.thumb_media_id == "MEDIA-1"
    cover = built.images[0]
    assert (cover.field, cover.reason) == ("cover", "image_file_missing")
    assert "drawn" in built.warnings[-1].message.en


async def test_what_wechat_itself_refuses_is_no_missing_picture(rig: Rig) -> None:
    async def refuse(path: str) -> None:
        raise UrlInvalidAtWeChat

    rig.call.before = refuse
    fields = article("![](a.png)", options={"image_failure": "placeholder"})
    with pytest.raises(UrlInvalidAtWeChat):
        await rig.builder.build("main", fields, {"a.png": PNG})


class UrlInvalidAtWeChat(GatewayError):
    code = "wechat_refused"


async def test_the_same_bytes_under_other_addresses_are_uploaded_once(rig: Rig) -> None:
    for number in range(5):
        rig.hosts.pictures[f"https://a.com/{number}"] = PNG
    text = " ".join(f"![](https://a.com/{number})" for number in range(5)) + " ![](a.png)"
    built = await rig.builder.build("main", article(text), {"a.png": PNG})
    assert rig.call.paths().count("uploadimg") == 1
    assert len({image.url for image in built.images}) == 1


class _Broken(bytes):
    """A picture that says when it is gone."""

    gone = False

    def __del__(self) -> None:
        type(self).gone = True


async def test_a_picture_that_was_let_go_holds_no_memory_while_others_come(rig: Rig) -> None:
    rig.hosts.pictures |= {"https://a.com/1": _Broken(b"\x89PNG\r\n\x1a\n"), "https://a.com/2": PNG}
    gone: list[bool] = []

    async def on_progress(_stage: str, _done: int, _total: int) -> None:
        rig.hosts.pictures.pop("https://a.com/1", None)
        gc.collect()
        gone.append(_Broken.gone)

    text = article("![](https://a.com/1) ![](https://a.com/2)", options={"image_failure": "keep"})
    built = await rig.builder.build("main", text, {}, on_progress=on_progress)
    assert [image.status for image in built.images] == ["failed", "uploaded"]
    assert gone[-1]
