import pytest

from content.markdown.typography import Piece, improve
from content.options import RenderOptions

ON = RenderOptions(space_cjk=True)


@pytest.mark.parametrize(
    ("text", "spaced"),
    [
        ("使用Python3编程", "使用 Python3 编程"),
        ("已有 English 空格", "已有 English 空格"),
        ("2026年11月22日9时30分", "2026年11月22日9时30分"),
        ("在2026年花了500元", "在 2026年花了 500 元"),
        ("增长50%的人", "增长 50% 的人"),
        ("C++与C#都行", "C++ 与 C# 都行"),
        ("（English）《Book》", "（English）《Book》"),
        ("カナabc한국abc", "カナ abc한국abc"),
        ("见https://a.com/b,然后", "见 https://a.com/b,然后"),
        ("ＡＢ全角１２", "ＡＢ全角１２"),
    ],
)
def test_chinese_and_latin_are_set_apart(text: str, spaced: str) -> None:
    assert improve([Piece(text)], ON) == [spaced]


def test_the_space_stands_outside_of_the_markup() -> None:
    assert improve([Piece("中"), Piece("a", 1), Piece("中")], ON) == ["中 ", "a", " 中"]
    assert improve([Piece("中", 1), Piece("a", 1)], ON) == ["中 ", "a"]
