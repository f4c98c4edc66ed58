import re

from content.article import ArticleFields
from handlers.mcp.accounts import NoArguments
from handlers.mcp.content import ErrcodeInput, RenderInput
from handlers.mcp.holdings import ListInput
from handlers.mcp.publishing import CreateDraftInput, JobInput, PublishInput, ScheduleInput
from handlers.mcp.schema import fields_in, input_schema
from handlers.mcp.words import FIELDS

ALL = (
    *(RenderInput, ArticleFields, ErrcodeInput, NoArguments, ListInput),
    *(CreateDraftInput, PublishInput, ScheduleInput, JobInput),
)
_CHINESE = re.compile(r" / .*[\u4e00-\u9fff]")


def test_each_field_is_told_about_in_both_languages() -> None:
    named = set()
    for takes in ALL:
        for name, field in fields_in(input_schema(takes)):
            named.add(name)
            assert _CHINESE.search(field.get("description", "")), (takes.__name__, name)
            assert "title" not in field
    assert named == set(FIELDS)  # none is left over


def test_a_field_that_is_called_title_stays() -> None:
    assert "title" in input_schema(CreateDraftInput)["properties"]
