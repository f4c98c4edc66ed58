from content.article import ArticleFields, Warning_
from core.errors import Text


def test_fields_are_part_of_the_article_module() -> None:
    assert ArticleFields(html="<p>x</p>").markdown is None


def test_a_warning_needs_no_field() -> None:
    assert Warning_("a", Text("甲", "A")).field is None
