from collections.abc import AsyncIterator
from typing import Any

import pytest

from content.drafts import DraftBuilder
from content.fields import DraftFields
from content.pictures.errors import ImageFileMissing
from content.refusals import TitleMissing, TitleTooLong
from content.workers import WorkerPool
from core.errors import GatewayError
from tests.content.conftest import encode, halves, photo
from tests.content.rig import Rig

PNG = encode(halves(), "PNG")
OTHER = encode(photo(40, 30), "PNG")
FILES = {"a.png": PNG, "b.png": OTHER}


@pytest.fixture
async def rig(pool: WorkerPool) -> AsyncIterator[Rig]:
    made = Rig(pool)
    yield made
    await made.builder.aclose()


def _several(*articles: dict[str, Any]) -> DraftFields:
    return DraftFields.model_validate({"articles": articles})


async def test_a_picture_of_several_articles_is_uploaded_once(rig: Rig) -> None:
    heard: list[tuple[str, int, int]] = []

    async def on_progress(stage: str, done: int, total: int) -> None:
        heard.append((stage, done, total))

    fields = _several(
        {"title": "上", "markdown": "![](a.png)", "digest": "摘要"},
        {"title": "下", "markdown": "![](a.png) ![](b.png)"},
    )
    upper, lower = await DraftBuilder(rig.builder).build(
        "main", fields, FILES, on_progress=on_progress
    )
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
        await DraftBuilder(rig.builder).build("main", fields, FILES)
    assert caught.value.field == field
    if error is not ImageFileMissing:
        assert rig.call.uploads == []


async def test_one_article_is_made_as_ever(rig: Rig) -> None:
    fields = DraftFields(title="一", markdown="正文", digest="摘要")
    (built,) = await DraftBuilder(rig.builder).build("main", fields, {})
    assert built.article.digest == "摘要"
    with pytest.raises(TitleMissing) as caught:
        await DraftBuilder(rig.builder).build("main", DraftFields(markdown="x"), {})
    assert caught.value.field == "title"
