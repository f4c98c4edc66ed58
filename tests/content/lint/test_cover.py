import pytest

from tests.content.lint.conftest import Lint


def test_without_a_cover_the_one_used_instead_is_told(lint: Lint) -> None:
    assert "the first picture" in lint("![a](b.png)")["cover_missing"]["message"][1]
    assert "drawn" in lint("x")["cover_missing"]["message"][1]


@pytest.mark.parametrize(
    ("cover", "rule", "level"),
    [
        ("k7Zw3qXyQ_Rf8LmN-0abcdefgh", "cover_media_id", "info"),
        ("https://mmbiz.qpic.cn/x/0", "cover_url", "info"),
        ("https://mp.weixin.qq.com/s/abc", "cover_is_page", "warning"),
        ("https://a.com/x.html", "cover_is_page", "warning"),
        ("MEDIA", "cover_unclear", "warning"),
        ("file:///etc/passwd", "image_source_forbidden", "error"),
    ],
)
def test_a_cover_is_judged_by_its_name(lint: Lint, cover: str, rule: str, level: str) -> None:
    told = lint(f"---\ncover: {cover}\n---\nx")[rule]
    assert (told["level"], told["field"], told["position"]) == (level, "cover", (2, 1))


@pytest.mark.parametrize(
    "cover", ["a.png", "pic/b.jpg", "https://a.com/x?y=1", "https://a.com/x.png"]
)
def test_a_picture_is_a_good_cover(lint: Lint, cover: str) -> None:
    assert not [rule for rule in lint("x", title="t", cover=cover) if "cover" in rule]
