import pytest

from tests.content.markdown.conftest import Html


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("H~2~O 与 CO~2~", "H<sub>2</sub>O 与 CO<sub>2</sub>"),
        ("水x~i~、a~n+1~、(x+y)~0~", "水x<sub>i</sub>、a<sub>n+1</sub>、(x+y)<sub>0</sub>"),
        ("SO~4~^2-^", "SO<sub>4</sub><sup>2-</sup>"),
        ("x^2^ + 10^-6^", "x<sup>2</sup> + 10<sup>-6</sup>"),
        ("100m^2^，面积 5 米^2^", "100m<sup>2</sup>，面积 5 米<sup>2</sup>"),
        ("1^st^ 商标^TM^ 见^注^", "1<sup>st</sup> 商标<sup>TM</sup> 见<sup>注</sup>"),
    ],
)
def test_short_plain_scripts_stand_directly_behind_something(
    html: Html, text: str, inner: str
) -> None:
    assert html(text) == f"<p>{inner}</p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "10~20元，30~40元",
        "周一~周五，A~Z，a~z",
        "谢谢~ 好的~谢谢~",
        "Hi~你好~ OK~bye~",
        "开心^o^ 好^w^呀",
        "2^10 与 2^20",
        "~x~ ^y^",
        "a~b c~",
    ],
)
def test_what_chinese_writers_mean_otherwise_stays(html: Html, text: str) -> None:
    assert html(text) == f"<p>{text}</p>\n"


def test_in_code_and_escaped_they_are_signs(html: Html) -> None:
    assert html(r"`H~2~O` H\~2~O x\^2^") == "<p><code>H~2~O</code> H~2~O x^2^</p>\n"
