import asyncio
import sys
from pathlib import Path
from subprocess import run

import pytest

from content import refusals
from content.article import ArticleFields, ImageRef
from content.pictures.errors import ImageSourceForbidden
from content.renderer import Renderer
from content.settings import ContentSettings
from content.words.settings import WordSettings
from content.workers import WorkerLimits, WorkerPool
from core.errors import GatewayError


@pytest.fixture
def renderer(pool: WorkerPool) -> Renderer:
    return Renderer(pool, ContentSettings(max_images=2))


async def test_an_article_comes_back_in_our_types(renderer: Renderer) -> None:
    fields = ArticleFields(
        markdown="---\ndigest: d\n---\n# 题\n\n![a](b.png) ![]()", only_fans_can_comment=True
    )
    article = await renderer.render(fields)
    assert (article.title, article.digest, article.author) == ("题", "d", "")
    assert article.images == (ImageRef("b.png", "a"),)
    assert (article.need_open_comment, article.only_fans_can_comment) == (False, True)
    assert article.warnings[0].code == "image_without_source"
    assert article.warnings[0].message.zh
    assert article.stats.reading_minutes == 1
    assert article.cover is None


@pytest.mark.parametrize(
    ("sent", "error", "field"),
    [
        ({"markdown": "x", "title": "字" * 33}, refusals.TitleTooLong, "title"),
        ({"markdown": "x", "theme": "no"}, refusals.ThemeUnknown, "theme"),
        ({"markdown": "x", "code_theme": "no"}, refusals.CodeThemeUnknown, "code_theme"),
        ({"markdown": "---\na: *b\n---\n"}, refusals.FrontMatterInvalid, "markdown"),
        ({"markdown": "![](file:///x)"}, ImageSourceForbidden, "images[0]"),
        ({"markdown": "![](a)![](b)![](c)"}, refusals.TooManyImages, "images"),
        ({"markdown": " "}, refusals.ContentEmpty, "content"),
        ({"html": "<b>" * 20_000}, GatewayError, "html"),
    ],
)
async def test_refusals_arrive_with_their_field(
    renderer: Renderer, sent: dict[str, str], error: type[GatewayError], field: str
) -> None:
    with pytest.raises(error) as caught:
        await renderer.render(ArticleFields.model_validate(sent))
    assert caught.value.field == field
    assert caught.value.status == 422
    assert "{" not in caught.value.describe("zh", "r")["message"]


async def test_an_article_that_takes_too_long_is_too_complex() -> None:
    pool = WorkerPool(WorkerLimits(render_cpu_s=0.2), size=1)
    attributes = " ".join(f"a{n}=1" for n in range(60_000))
    with pytest.raises(refusals.MarkdownTooComplex):
        await Renderer(pool, ContentSettings()).render(ArticleFields(html=f"<p {attributes}>x</p>"))
    await pool.aclose()


def test_the_serving_process_loads_no_parser_and_no_decoder() -> None:
    heavy = "'PIL', 'markdown_it', 'css_inline', 'nh3', 'selectolax', 'yaml', 'opencc', 'ahocorasick_rs'"
    code = f"import sys, content.build; print([name for name in ({heavy}) if name in sys.modules])"
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_crowd_of_slow_articles_is_told_to_come_again(pool: WorkerPool) -> None:
    renderer = Renderer(pool, ContentSettings())
    results = await asyncio.gather(
        *(renderer.render(ArticleFields(markdown=f"# {n}\n\nx")) for n in range(50)),
        return_exceptions=True,
    )
    busy = [result for result in results if isinstance(result, refusals.RenderingBusy)]
    assert len(busy) == 50 - 33  # one runs, 32 wait
    assert busy[0].retryable
    assert busy[0].retry_after_s
    assert all(not isinstance(result, Exception) or result in busy for result in results)


async def test_word_lists_reach_the_worker_once_and_count_by_account(
    pool: WorkerPool, tmp_path: Path
) -> None:
    (tmp_path / "all.txt").write_text("坏词\n")
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "own.txt").write_text("竞品\twarn\n")
    counted: list[tuple[str, int]] = []
    renderer = Renderer(
        pool,
        ContentSettings(words=WordSettings(folder=str(tmp_path))),
        count_words=lambda level, count: counted.append((level, count)),
    )
    fields = ArticleFields(markdown="# 题\n\n竞 品")
    for _ in range(2):
        assert (await renderer.render(fields)).words == ()
        (hit,) = (await renderer.render(fields, "main")).words
        assert (hit.list, hit.line, hit.column) == ("main/own.txt", 3, 1)
    with pytest.raises(refusals.SensitiveWords) as caught:
        await renderer.render(ArticleFields(markdown="# 题\n\n**坏**词"), "other")
    assert "content 3:3 “坏词” (all.txt)" in caught.value.describe("zh", "r")["message"]
    assert counted == [("warn", 1), ("warn", 1), ("block", 1)]


async def test_an_article_says_which_list_it_was_not_held_against(
    pool: WorkerPool, tmp_path: Path
) -> None:
    words = WordSettings(folder=str(tmp_path / "none"))
    article = await Renderer(pool, ContentSettings(words=words)).render(ArticleFields(markdown="x"))
    assert [warning.code for warning in article.warnings] == ["word_lists_missing"]
