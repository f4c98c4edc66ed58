from markdown_it import MarkdownIt

from content.markdown.syntax import use_syntax


def test_the_parser_knows_what_the_list_names() -> None:
    md = MarkdownIt("gfm-like2")
    use_syntax(md)
    assert "<strong>" in md.render("这是**“粗”**后文")
