"""Text that makes a parser work hard ends in HTML or in a refusal, within a second of processor."""

from collections.abc import AsyncIterator

import pytest

from content.article import ArticleFields, RenderedArticle
from content.refusals import ContentTooLong
from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool
from core.errors import GatewayError
from tests.content.allowed import assert_allowed
from tests.faults.hostile_markdown import BOMBS, NESTED, RUNS

REFUSALS = {
    "markdown_too_complex",
    "draft_content_too_long",
    "draft_content_empty",
    "front_matter_invalid",
    "too_many_images",
}


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    """Worker processes within the bounds that they have by default."""
    settings = ContentSettings()
    assert settings.render_cpu_s < 1
    made = WorkerPool(settings.worker_limits(), size=1)
    yield made
    await made.aclose()


async def _outcome(pool: WorkerPool, **text: str) -> RenderedArticle | GatewayError:
    fields = ArticleFields.model_validate({"title": "t", **text})
    try:
        return await Renderer(pool, ContentSettings()).render(fields)
    except GatewayError as refusal:
        return refusal


async def _ends_well(pool: WorkerPool, **text: str) -> None:
    outcome = await _outcome(pool, **text)
    if isinstance(outcome, GatewayError):
        assert (outcome.status, outcome.code in REFUSALS) == (422, True), outcome.code
    else:
        assert_allowed(outcome.content)


@pytest.mark.parametrize("name", RUNS)
async def test_187_pathological_text_is_html_or_a_422(pool: WorkerPool, name: str) -> None:
    await _ends_well(pool, markdown=RUNS[name])


@pytest.mark.parametrize("name", NESTED)
async def test_191_nesting_without_end_is_html_or_a_422(pool: WorkerPool, name: str) -> None:
    await _ends_well(pool, markdown=NESTED[name])


@pytest.mark.parametrize("tag", ["div", "section", "blockquote", "ul><li", "b", "span", "table"])
async def test_191_so_is_html_of_ten_thousand_levels(pool: WorkerPool, tag: str) -> None:
    await _ends_well(pool, html=f"<{tag}>" * 10_000 + "x")


@pytest.mark.parametrize("name", BOMBS)
async def test_196_definitions_formulas_and_diagrams_without_end(
    pool: WorkerPool, name: str
) -> None:
    await _ends_well(pool, markdown=BOMBS[name])


@pytest.mark.parametrize(
    "front",
    [
        "a: &a [1]\nb: *a",
        "a: &a [*a, *a]",
        "title: !!python/object/apply:os.system [id]",
        "k" * 20_000 + ": 1",
        "a: " + "[" * 500,
        "a: {" * 100,
        "\t- : : ]",
    ],
)
async def test_194_front_matter_builds_no_object_and_follows_no_alias(
    pool: WorkerPool, front: str
) -> None:
    outcome = await _outcome(pool, markdown=f"---\n{front}\n---\n正文")
    if isinstance(outcome, GatewayError):
        assert outcome.code == "front_matter_invalid"
    else:
        assert "root" not in outcome.title
        assert "uid=" not in outcome.title


async def test_194_words_that_yaml_would_change_stay_words(pool: WorkerPool) -> None:
    text = "---\ntitle: no\nauthor: 2026-01-01\ndigest: 1e3\n---\n正文"
    outcome = await Renderer(pool, ContentSettings()).render(ArticleFields(markdown=text))
    assert (outcome.title, outcome.author, outcome.digest) == ("no", "2026-01-01", "1e3")


async def test_200_what_grows_over_the_limit_is_told_with_its_figure(pool: WorkerPool) -> None:
    style = (
        "letter-spacing:1px;color:#123456;font-size:17px;background-color:#ffeedd;border-radius:8px"
    )
    html = f"<style>p{{{style}}}</style>" + "<p>字</p>" * 10_500
    assert len(html.encode()) < 120_000
    grown = await _outcome(pool, html=html)
    assert isinstance(grown, ContentTooLong)
    assert "bytes" in grown.describe("en", "r")["message"]
    long = await _outcome(pool, markdown="字" * 20_001)
    assert isinstance(long, ContentTooLong)
    assert "20001" in long.describe("en", "r")["message"]
