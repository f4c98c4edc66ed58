from collections.abc import AsyncIterator
from typing import Any

import pytest

from content.cards import ProductCards
from content.drafts import DraftBuilder
from content.fields import DraftFields
from content.pictures.errors import ImageFileMissing
from content.refusals import TitleMissing, TitleTooLong
from content.workers import WorkerPool
from core.errors import GatewayError
from tests.content.conftest import encode, halves, photo
from tests.content.rig import Rig
from wechat.products import ProductClient

PNG = encode(halves(), "PNG")
OTHER = encode(photo(40, 30), "PNG")
FILES = {"a.png": PNG, "b.png": OTHER}


@pytest.fixture
async def rig(pool: WorkerPool) -> AsyncIterator[Rig]:
    made = Rig(pool)
    yield made
    await made.builder.aclose()


def _drafts(rig: Rig) -> DraftBuilder:
    return DraftBuilder(rig.builder, ProductCards(ProductClient(rig.call)))


def _several(*articles: dict[str, Any]) -> DraftFields:
    return DraftFields.model_validate({"articles": articles})


async def test_a_picture_of_several_articles_is_uploaded_once(rig: Rig) -> None:
    heard: list[tuple[str, int, int]] = []

    async def on_progress(stage: str, done: int, total: int) -> None:
        heard.append((stage, done, total))

    fields = _several(
        {"title": "上", "markdown": "---\ndigest: 摘要\n---\n![](a.png)"},
        {"title": "下", "markdown": "![](a.png) ![](b.png)"},
    )
    upper, lower = await _drafts(rig).build("main", fields, FILES, on_progress=on_progress)
    assert sorted(rig.call.paths()) == ["add_material", "uploadimg", "uploadimg"]
    assert upper.article.thumb_media_id == lower.article.thumb_media_id
    assert heard == [("images", done, 3) for done in (1, 2, 3)]
    # WeChat has a digest for an article alone.
    assert (upper.article.digest, lower.article.digest) == ("", "")
    assert [warning.code for warning in upper.warnings] == ["digest_left_out"]
    assert lower.warnings == ()


@pytest.mark.parametrize(
    ("second", "error", "field"),
    [
        ({"markdown": "x"}, TitleMissing, "articles[1].title"),
        ({"markdown": "x", "title": "字" * 33}, TitleTooLong, "articles[1].title"),
        ({"markdown": "![](no.png)", "title": "t"}, ImageFileMissing, "articles[1].images[0]"),
    ],
)
async def test_an_error_names_its_article(
    rig: Rig, second: dict[str, str], error: type[GatewayError], field: str
) -> None:
    fields = _several({"title": "上", "markdown": "![](a.png)"}, second)
    with pytest.raises(error) as caught:
        await _drafts(rig).build("main", fields, FILES)
    assert caught.value.field == field
    if error is not ImageFileMissing:
        assert rig.call.uploads == []


async def test_one_article_is_made_as_ever(rig: Rig) -> None:
    fields = DraftFields(title="一", markdown="正文", digest="摘要")
    (built,) = await _drafts(rig).build("main", fields, {})
    assert built.article.digest == "摘要"
    with pytest.raises(TitleMissing) as caught:
        await _drafts(rig).build("main", DraftFields(markdown="x"), {})
    assert caught.value.field == "title"


async def test_a_newspic_has_all_its_pictures_as_materials(rig: Rig) -> None:
    media_id = "abcdefghijklmnopqrstuvwxyz"
    rig.hosts.pictures["https://mmbiz.qpic.cn/x/0"] = OTHER
    images = ["a.png", media_id, "https://mmbiz.qpic.cn/x/0", "a.png"]
    fields = DraftFields(title="图", images=tuple(images), markdown="文", cover="b.png")
    (built,) = await _drafts(rig).build("main", fields, FILES)
    assert rig.call.paths() == ["add_material", "add_material"]
    assert list(built.article.image_media_ids) == ["MEDIA-1", media_id, "MEDIA-2"]
    assert (built.article.thumb_media_id, built.article.content) == ("", "文")
    assert [image.status for image in built.images] == ["uploaded", "kept", "uploaded"]
    with pytest.raises(ImageFileMissing) as caught:
        await _drafts(rig).build("main", DraftFields(title="图", images=("a.png", "no.png")), FILES)
    assert caught.value.field == "images[1]"
