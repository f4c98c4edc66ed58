from typing import Any

import pytest

from tests.content.lint.conftest import Lint

HEAD = "---\ntitle: 题\n---\n"


def _mended(text: str, finding: dict[str, Any]) -> str:
    start, end, new = finding["edit"]
    return f"{text[:start]}{new}{text[end:]}"


@pytest.mark.parametrize(
    ("wrong", "rule", "right"),
    [
        ("![图](a b.png)", "image_path_spaces", "![图](<a b.png>)"),
        ("> 见 ![图](夏 天/a b.png)。", "image_path_spaces", "> 见 ![图](<夏 天/a b.png>)。"),
        ("[站](https://a.com)[x]（https://b.com/y）", "link_wide_brackets", None),
        ("[x]（https://b.com/y）", "link_wide_brackets", "[x](https://b.com/y)"),
        ("##标题", "heading_without_space", "## 标题"),
        ("```py\nx = 1", "fence_unclosed", "```py\nx = 1\n```\n"),
        ("~~~~\nx\n~~~\n", "fence_unclosed", "~~~~\nx\n~~~\n~~~~\n"),
    ],
)
def test_a_slip_is_told_and_mended_where_it_stands(
    lint: Lint, wrong: str, rule: str, right: str | None
) -> None:
    text = f"{HEAD}前文\r\n\r\n{wrong}"
    finding = lint(text)[rule]
    assert (finding["level"], finding["position"][0]) == ("warning", 6)
    whole = _mended(text, finding)
    if right is not None:
        assert whole == f"{HEAD}前文\r\n\r\n{right}"
    assert rule not in lint(whole)


@pytest.mark.parametrize(
    "text",
    [
        "`![图](a b.png)`",
        '![图](a.png "题 目")',
        "![图](<a b.png>)",
        "#话题",
        "```\n##x\n```",
        "> ```\n> x\n> ```",
        "- ~~~\n  x\n  ~~~",
        "    code\n",
    ],
)
def test_what_is_meant_as_it_stands_is_left_in_peace(lint: Lint, text: str) -> None:
    told = lint(text, title="t")
    assert not [
        rule for rule in told if rule.startswith(("image_path", "link_w", "heading_w", "f"))
    ]


def test_a_fence_inside_of_a_list_is_told_but_not_mended(lint: Lint) -> None:
    assert lint("- ```\n  x\n\n后文")["fence_unclosed"]["edit"] is None
