import pytest

from templates.names import Reference, is_name, named_by, parse_reference


def test_a_reference_names_a_template_at_one_version_or_at_the_one_in_use() -> None:
    assert parse_reference("weekly") == Reference("weekly", None)
    assert parse_reference("weekly@12") == Reference("weekly", 12)
    assert [str(parse_reference(text)) for text in ("a", "a@1")] == ["a", "a@1"]


@pytest.mark.parametrize(
    "text", ["", "A", "周报", "a@", "a@0", "a@1@2", "-a", "a/b", "a" * 65, "a\n"]
)
def test_nothing_else_does(text: str) -> None:
    assert parse_reference(text) is None
    assert not is_name(text)


def test_an_article_and_the_articles_of_a_draft_name_their_templates() -> None:
    assert named_by({"template": "weekly@3", "articles": None}) == ["weekly@3"]
    assert named_by({"articles": [{"template": "a"}, {"markdown": "b"}, {"template": None}]}) == [
        "a"
    ]
    assert named_by({"markdown": "# 标题"}) == []
