import pytest

from content.theming.selectors import SelectorLost, ours

KNOWN = frozenset({".article", ".table", ".reference", ".references", ".markdown-alert"})


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ("#nice h1", "h1"),
        ("#nice", ".article"),
        ("#nice > p", ".article > p"),
        ("#wenyan p code", "p code"),
        ("#write", ".article"),
        ("section#nice li section", "li section"),
        (".markdown-body .markdown-alert p", ".markdown-alert p"),
        ("body .markdown-body h2", "h2"),
        (":root", ".article"),
        ("container", ".article"),
        ("h2", "h2"),
        ("#nice h1 .content", "h1"),
        ("#nice .table-container", ".table"),
        (".hljs.code__pre > code", "pre > code"),
        ("tr:nth-child(2n) td", "tr:nth-child(2n) td"),
    ],
)
def test_the_roots_of_other_editors_are_ours(theirs: str, expected: str) -> None:
    assert ours(theirs, KNOWN) == expected


@pytest.mark.parametrize(
    ("selector", "code"),
    [
        ("blockquote::before", "pseudo_element"),
        ("h2:after", "pseudo_element"),
        ("a:hover", "pseudo_class"),
        ("#nice .mjx-solid", "selector"),
        ("#footer p", "selector"),
    ],
)
def test_what_no_article_has_is_lost(selector: str, code: str) -> None:
    with pytest.raises(SelectorLost, match=code):
        ours(selector, KNOWN)
