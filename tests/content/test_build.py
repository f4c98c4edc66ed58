import asyncio
from collections.abc import AsyncIterator

import pytest

from content.article import ArticleFields
from content.build import ArticleBuilder, replace_images
from content.memory import PictureBounds
from content.pictures.errors import ImageFileMissing, ImageInvalid, ImageSourceForbidden
from content.pictures.gate import ImageWorkers
from content.refusals import TitleMissing, TitleTooLong
from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool
from core.errors import GatewayError
from fetch.client import Fetched, Room
from fetch.errors import FetchTimeout
from tests.content.conftest import FakeCall, MemoryUploads, encode, halves, photo
from wechat.material import MaterialClient

PNG = encode(halves(), "PNG")
JPEG = encode(photo(64, 64), "JPEG")
WEBP = encode(photo(64, 64, seed=2), "WEBP", lossless=True)


class FakeHosts:
    """A Fetcher whose hosts answer from a dict; knows how many fetches ran at once."""

    def __init__(self) -> None:
        self.pictures: dict[str, bytes | GatewayError] = {}
        self.fetched: list[str] = []
        self.most_at_once = 0
        self._now = 0

    async def fetch_image(self, url: str, room: Room | None = None) -> Fetched:
        picture = self.pictures[url]
        if room is not None and isinstance(picture, bytes):
            await room.take(len(picture))
        self.fetched.append(url)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await asyncio.sleep(0.01)
        self._now -= 1
        if isinstance(picture, GatewayError):
            raise picture
        return Fetched(picture, "image/png")


class Rig:
    def __init__(self, pool: WorkerPool, *, memory_bytes: int = 96_000_000) -> None:
        self.hosts = FakeHosts()
        self.call = FakeCall()
        self.builder = ArticleBuilder(
            Renderer(pool, ContentSettings()),
            self.hosts,
            MaterialClient(self.call),
            MemoryUploads(),
            ImageWorkers(pool),
            bounds=PictureBounds(memory_bytes=memory_bytes),
        )


@pytest.fixture
async def rig(pool: WorkerPool) -> AsyncIterator[Rig]:
    made = Rig(pool)
    yield made
    await made.builder.aclose()


def _article(markdown: str, **given: str) -> ArticleFields:
    return ArticleFields.model_validate({"title": "题", "markdown": markdown, **given})


async def test_pictures_of_all_kinds_end_at_wechat(rig: Rig) -> None:
    rig.hosts.pictures["https://a.com/x.webp?a=1&b=2"] = WEBP
    text = (
        "![](https://a.com/x.webp?a=1&b=2) ![](<图/一.png>) ![](data:image/png;base64,"
        + __import__("base64").b64encode(JPEG).decode()
        + ') ![](https://mmbiz.qpic.cn/old/0) `src="图/一.png"`'
    )
    built = await rig.builder.build("main", _article(text), {"图/一.png": PNG})
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


async def test_the_same_pictures_in_another_article_upload_nothing(rig: Rig) -> None:
    rig.hosts.pictures["https://a.com/x"] = WEBP
    first = await rig.builder.build("main", _article("![](https://a.com/x) one"), {})
    uploads = len(rig.call.uploads)
    second = await rig.builder.build("main", _article("two ![](https://a.com/x)"), {})
    assert len(rig.call.uploads) == uploads == 2
    assert second.images[0].status == "reused"
    assert second.images[0].url == first.images[0].url
    assert second.article.thumb_media_id == first.article.thumb_media_id
    # Another account has a library of its own.
    await rig.builder.build("other", _article("![](https://a.com/x)"), {})
    assert len(rig.call.uploads) == 4


async def test_twenty_pictures_are_fetched_at_once(rig: Rig) -> None:
    for number in range(20):
        url = f"https://a.com/{number}"
        rig.hosts.pictures[url] = encode(photo(32, 32, seed=number), "PNG")
    text = " ".join(f"![]({url})" for url in rig.hosts.pictures)
    heard: list[tuple[str, int, int]] = []

    async def on_progress(stage: str, done: int, total: int) -> None:
        heard.append((stage, done, total))

    built = await rig.builder.build("main", _article(text), {}, on_progress=on_progress)
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
    await asyncio.gather(*(rig.builder.build("main", _article(text), {}) for text in texts))
    assert rig.hosts.most_at_once == 2
    assert len(rig.call.uploads) == 8
    tight = Rig(pool, memory_bytes=1)  # a picture larger than all there is goes alone
    tight.hosts.pictures.update(pictures)
    await tight.builder.build("main", _article(texts[0]), {})
    assert tight.hosts.most_at_once == 1
    await rig.builder.aclose()
    await tight.builder.aclose()


async def test_a_named_cover_a_media_id_and_a_drawn_one(rig: Rig) -> None:
    named = await rig.builder.build("main", _article("x", cover="c.jpg"), {"c.jpg": JPEG})
    assert named.article.thumb_media_id == "MEDIA-1"
    media_id = "abcdefghijklmnopqrstuvwxyz"
    kept = await rig.builder.build("main", _article("x", cover=media_id), {})
    assert kept.article.thumb_media_id == media_id
    assert len(rig.call.uploads) == 1
    drawn = await rig.builder.build("main", _article("x"), {})
    again = await rig.builder.build("main", _article("y"), {})
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
        await rig.builder.build("main", _article(text, **given), files)
    assert caught.value.field == field


async def test_nothing_is_uploaded_for_an_article_that_cannot_be(rig: Rig) -> None:
    fields = ArticleFields(markdown="![](a.png)")
    with pytest.raises(TitleMissing):
        await rig.builder.build("main", fields, {"a.png": PNG})
    with pytest.raises(ImageSourceForbidden):
        await rig.builder.build("main", _article("![](a.png) ![](/etc/x.png)"), {"a.png": PNG})
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
    article = (await rig.builder.build("main", fields, {})).article
    assert (article.title, article.author, article.digest) == ("t", "a", "d")
    assert (article.need_open_comment, article.only_fans_can_comment) == (1, 0)
    assert article.content_source_url == "https://a.com"


def test_only_pictures_are_replaced_and_urls_are_escaped() -> None:
    content = '<p>src="a"</p><img alt="x > src=" src="a"><img src="b&amp;c" style="s">'
    replaced = replace_images(content, {"a": 'https://x/?y=1&"', "b&c": "https://z"})
    assert replaced == (
        '<p>src="a"</p><img alt="x > src=" src="https://x/?y=1&amp;&quot;">'
        '<img src="https://z" style="s">'
    )


def test_what_stands_in_other_attributes_is_no_picture() -> None:
    content = '<p style="<img src="><img src="a"></p><td style="<img <img ">' + "<img " * 50_000
    replaced = replace_images(content, {"a": "b"})  # quadratic, this would take minutes
    assert replaced == content.replace('src="a"', 'src="b"')
