import pytest

from content.fields import ArticleFields, DraftFields
from content.filling import TemplateFiller
from content.template_work import TemplateWork
from content.workers import WorkerPool
from core.errors import GatewayError
from store.engine import Database
from templates.errors import TemplateFailed, TemplateKindWrong, TemplateMissing, VariableInvalid
from tests.templates.library import ALICE, NOW, book_of, form


@pytest.fixture
def filler(database: Database, pool: WorkerPool) -> TemplateFiller:
    return TemplateFiller(database, TemplateWork(pool), clock=lambda: NOW)


@pytest.fixture(autouse=True)
async def _library(database: Database) -> None:
    book = book_of(database)
    await book.save("hello", form("# {{ x }} {{ today }} {{ account }}", {"name": "x"}), ALICE)
    await book.save("note", form("x", kind="message"), ALICE)
    await book.save("long", form("{% for i in range(999) %}" + "字" * 33 + "{% endfor %}"), ALICE)


def draft(*variables: dict[str, object], template: str = "hello") -> DraftFields:
    articles = [{"template": template, "variables": each} for each in variables]
    return DraftFields.model_validate_json(
        DraftFields.model_validate({"articles": articles}).model_dump_json(exclude_none=True)
    )


async def test_markdown_takes_the_place_of_the_template(filler: TemplateFiller) -> None:
    fields = ArticleFields(template="hello@1", variables={"x": "*"}, title="题")
    filled = await filler.filled(fields, account="main", at=0)
    assert filled.markdown == "# &#42; 1970-01-01 main"
    assert (filled.template, filled.variables, filled.title) == (None, None, "题")
    plain = ArticleFields(markdown="a")
    assert await filler.filled(plain) is plain


async def test_each_article_of_a_draft_has_its_own(filler: TemplateFiller) -> None:
    filled = await filler.filled(draft({"x": "a"}, {"x": "b"}))
    assert [each.markdown for each in filled.each()] == ["# a 2026-11-18 ", "# b 2026-11-18 "]


async def test_pins_say_which_version(filler: TemplateFiller, database: Database) -> None:
    await book_of(database).save("hello", form("new"), ALICE)
    fields = ArticleFields(template="hello", variables={"x": "a"})
    assert (await filler.filled(fields, pins={"hello": 1})).markdown == "# a 2026-11-18 "
    with pytest.raises(VariableInvalid):  # which the version in use does not have
        await filler.filled(fields)


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        (draft({"x": "a"}, {"y": "a"}), VariableInvalid, "articles[1].variables.y"),
        (draft({"x": "a"}, {}), VariableInvalid, "articles[1].variables.x"),
        (draft({}, template="nope"), TemplateMissing, "articles[0].template"),
        (draft({}, template="hello@9"), TemplateMissing, "articles[0].template"),
        (draft({}, template="note"), TemplateKindWrong, "articles[0].template"),
        (DraftFields(template="hello", variables={}), VariableInvalid, "variables.x"),
    ],
)
async def test_what_cannot_be_filled_in_is_told_by_its_place(
    filler: TemplateFiller, fields: DraftFields, error: type[GatewayError], field: str
) -> None:
    for told in (filler.check(fields), filler.filled(fields)):
        with pytest.raises(error) as caught:
            await told
        assert caught.value.field == field


async def test_an_article_that_gets_too_long_is_refused(filler: TemplateFiller) -> None:
    with pytest.raises(TemplateFailed, match="too long"):
        await filler.filled(ArticleFields(template="long"))
