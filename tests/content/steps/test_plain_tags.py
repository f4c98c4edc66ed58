from content.steps.plain_tags import use_plain_tags
from tests.content.conftest import Render, manuscript


def test_definition_lists_and_figures_become_sections() -> None:
    made = manuscript("<dl><dt>a</dt><dd style='x'>b</dd></dl><figure><figcaption>c</figcaption>")
    use_plain_tags(made)
    assert made.html == (
        "<section><section>a</section><section style='x'>b</section></section>"
        "<section><section>c</section>"
    )


def test_words_that_begin_alike_stay() -> None:
    html = "<ddx><figures>&lt;dl>"
    made = manuscript(html)
    use_plain_tags(made)
    assert made.html == html


def test_they_have_the_looks_that_the_theme_has_for_them(render: Render) -> None:
    content = render('![a](b.png "说明")\n\n术语\n: 意思')["content"]
    for tag in ("<dl", "<dt", "<dd", "<fig"):
        assert tag not in content
    assert "text-align:center" in content.partition("说明")[0]
    assert "font-weight:700" in content.partition("术语")[0]
