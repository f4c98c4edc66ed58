import pytest

from tests.content.lint.conftest import Lint


@pytest.mark.parametrize(
    ("src", "rule", "level"),
    [
        ("https://a.com/x.png", "image_foreign", "info"),
        ("https://a.com/x.webp?y=1", "image_converted", "info"),
        ("x.svg", "image_converted", "info"),
        ("x.tiff", "image_type_unsupported", "error"),
        ("data:image/png;base64,AA==", "image_embedded", "info"),
        ("blob:https://a.com/1", "image_source_forbidden", "error"),
        ("file:///x.png", "image_source_forbidden", "error"),
        ("https://mmbiz.qpic.cn/a/0?wx_fmt=png&from=appmsg", "image_of_other_account", "warning"),
        ("x.png", "image_files_needed", "info"),
    ],
)
def test_a_picture_is_judged_by_where_it_is(lint: Lint, src: str, rule: str, level: str) -> None:
    assert lint(f"![a]({src})", title="t")[rule]["level"] == level
    assert lint(html=f'<img src="{src}" alt="a">', title="t")[rule]["level"] == level


def test_a_picture_at_wechat_is_left_in_peace(lint: Lint) -> None:
    told = lint("![a](https://mmbiz.qpic.cn/a/0?wx_fmt=png)", title="t")
    assert set(told) == {"cover_missing"}


def test_every_forbidden_picture_is_told_not_the_first_alone(findings: object) -> None:
    told = findings("![a](file:///a) ![b](blob:b) ![c](c.png)", title="t")  # type: ignore[operator]
    errors = [(each["rule"], each["field"]) for each in told if each["level"] == "error"]
    assert errors == [
        ("image_source_forbidden", "images[0]"),
        ("image_source_forbidden", "images[1]"),
    ]


def test_too_many_pictures_are_told_with_their_number(lint: Lint) -> None:
    text = "".join(f"![a]({n}.png)" for n in range(4))
    assert "4 pictures" in lint(text, max_images=3)["too_many_images"]["message"][1]


def test_what_is_common_is_told_once_with_its_count(lint: Lint) -> None:
    told = lint("![](https://a.com/1.png)\n\n![](https://a.com/2.png)")
    assert told["image_foreign"]["message"][1].startswith("2 pictures, https://a.com/1.png first")
    assert told["image_alt_missing"]["position"] == (1, 5)


def test_local_pictures_are_looked_for_where_it_is_known_which_there_are(lint: Lint) -> None:
    text = "![a](img/a%20b.png) ![b](img/none.png)"
    told = lint(text, files=["img/a b.png"])
    assert "image_files_needed" not in told
    assert told["image_file_missing"]["message"][1] == "there is no picture img/none.png"
    assert told["image_file_missing"]["field"] == "images[1]"


def test_a_picture_without_an_address_is_told_once(findings: object) -> None:
    told = findings(html="<p>x<img alt=a></p>", title="t")  # type: ignore[operator]
    assert [each["rule"] for each in told].count("image_without_source") == 1
