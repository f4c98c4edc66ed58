import pytest

from sandbox.filters import WECHAT_IMAGE
from sandbox.styles import clean_style


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("color:#FA5151", "color: rgb(250, 81, 81);"),
        ("color:#abc;;", "color: rgb(170, 187, 204);"),
        ("color:#11223380", "color: rgba(17, 34, 51, 0.502);"),
        ("COLOR : Red ; margin: 0", "color: Red; margin: 0;"),
        ("position:fixed;top:0", "top: 0;"),
        ("animation: a 1s; animation-name: b; transition: all 1s", ""),
        ("--main: #fff; color: var(--main)", ""),
        ("background: linear-gradient(#fff, #000)", ""),
        ("color: red !important", ""),
        ("width: expression(alert(1))", ""),
        ("background: url(javascript:alert(1))", ""),
        ("background: url(https://evil.example/a.png)", ""),
        (
            "background: url('https://mmbiz.qpic.cn/a;b/0') #fff",
            "background: url('https://mmbiz.qpic.cn/a;b/0') rgb(255, 255, 255);",
        ),
        ('font-family: "A;B", serif', 'font-family: "A;B", serif;'),
        ("nonsense", ""),
        ("color:", ""),
        ("", ""),
    ],
)
def test_what_wechat_keeps_of_a_style(style: str, kept: str) -> None:
    assert clean_style(style, WECHAT_IMAGE) == kept
