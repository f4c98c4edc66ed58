import pytest
from markdown_it import MarkdownIt

from content.markdown.cjk import join_cjk_lines, use_cjk_emphasis


@pytest.fixture(scope="module")
def md() -> MarkdownIt:
    made = MarkdownIt("gfm-like2")
    use_cjk_emphasis(made)
    return made


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**“粗体”**后", "<strong>“粗体”</strong>后"),
        ("**粗体：**后文", "<strong>粗体：</strong>后文"),
        ("前**（注）**后", "前<strong>（注）</strong>后"),
        ("前*「斜」*后", "前<em>「斜」</em>后"),
        ("**`码`**后", "<strong><code>码</code></strong>后"),
        ("~~删除：~~后", "<s>删除：</s>后"),
        ("~~~三~~~后 x", "~~~三~~~后 x"),
        # as CommonMark has it
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("a**b**c", "a<strong>b</strong>c"),
        ("snake_case_name", "snake_case_name"),
        ("_a_ __b__ ***c***", "<em>a</em> <strong>b</strong> <em><strong>c</strong></em>"),
        ("**a **b", "**a **b"),
        # "about", not struck out
        ("10~20 到 30~40", "10~20 到 30~40"),
    ],
)
def test_emphasis_works_beside_chinese(md: MarkdownIt, text: str, html: str) -> None:
    assert md.renderInline(text) == html


def test_lines_of_chinese_join_without_a_gap() -> None:
    assert join_cjk_lines("中", "文") == ""
    assert join_cjk_lines("，", "文") == ""
    assert join_cjk_lines("a", "文") == " "
    assert join_cjk_lines("中", "b") == " "
    assert join_cjk_lines("", "文") == " "
