import pytest

from content.pictures.errors import ImageSourceForbidden
from content.refusals import ContentTooLong, NewspicWithoutImages, TooManyImages
from tests.content.conftest import Render

TEXT = "# 标题\n\n第一行\n第二行 [看](https://a.com)\n\n![](a.png) ![](b.png) ![](a.png)\n"


def _sources(rendered: dict[str, object]) -> list[str]:
    images = rendered["images"]
    assert isinstance(images, list)
    return [image["src"] for image in images]


def test_markdown_becomes_lines_and_its_pictures_in_order(render: Render) -> None:
    rendered = render(TEXT, article_type="newspic")
    assert rendered["content"] == "第一行\n第二行 看（https://a.com）"
    assert (rendered["title"], _sources(rendered)) == ("标题", ["a.png", "b.png"])
    assert rendered["digest"] == ""
    assert rendered["stats"]["characters"] == len(rendered["content"])


def test_named_pictures_count_instead_of_those_of_the_text(render: Render) -> None:
    rendered = render(TEXT, images=["b.png", "c.png", "b.png"])
    assert _sources(rendered) == ["b.png", "c.png"]
    assert [warning["code"] for warning in rendered["warnings"]] == ["text_images_left_out"]
    assert render(TEXT, images=["b.png", "a.png"])["warnings"] == []


def test_the_front_matter_makes_a_newspic_too(render: Render) -> None:
    front_matter = "---\narticle_type: newspic\nimages:\n  - x.png\n  - y.png\n---\n"
    rendered = render(front_matter + "# 题\n\n文")
    assert (rendered["article_type"], _sources(rendered)) == ("newspic", ["x.png", "y.png"])


def test_html_becomes_text_too(render: Render) -> None:
    rendered = render(None, "<p>一</p><script>x</script><p>二<img src=a.png></p>", title="题",
                      article_type="newspic")  # fmt: skip
    assert (rendered["content"], _sources(rendered)) == ("一\n\n二", ["a.png"])


def test_code_formulas_and_diagrams_stay_as_typed(render: Render) -> None:
    text = "```mermaid\ngraph TD\n  A --> B\n```\n\n$a<b$ ![](a.png)"
    rendered = render(text, title="题", article_type="newspic")
    assert rendered["content"] == "graph TD\n  A --> B\n\n$a＜b$"


def test_without_a_text_the_title_is_it(render: Render) -> None:
    assert render("", title="题", images=["a.png"])["content"] == "题"


def test_a_newspic_wants_1_to_20_pictures(render: Render) -> None:
    with pytest.raises(NewspicWithoutImages):
        render("文", title="题", article_type="newspic")
    text = " ".join(f"![]({number}.png)" for number in range(21))
    with pytest.raises(TooManyImages):
        render(text, title="题", article_type="newspic")
    with pytest.raises(ImageSourceForbidden) as caught:
        render("文", title="题", images=["a.png", "file:///etc/passwd"])
    assert caught.value.field == "images[1]"


def test_a_long_text_is_warned_of_or_refused(render: Render) -> None:
    text, more = "字" * 666, "字" * 667
    given = {"title": "题", "images": ["a.png"]}
    assert render(text, length_rule="strict", **given)["warnings"] == []
    (warning,) = render(more, **given)["warnings"]
    assert warning["code"] == "newspic_text_long"
    with pytest.raises(ContentTooLong):
        render(more, length_rule="strict", **given)
