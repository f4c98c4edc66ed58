import pytest

from templates.names import Reference, is_name, parse_reference


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
