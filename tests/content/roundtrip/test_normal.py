import pytest

from content.roundtrip import normal


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("color:#FA5151", "color: rgb(250, 81, 81);"),
        ("color:#f00;margin:0 auto", "margin: 0px auto; color: rgb(255, 0, 0)"),
        ("background-color:#ff000080", "background-color: rgba(255, 0, 0, 0.502)"),
        ("font-family:'A',\"B\"", "font-family: A, B"),
        ("opacity:.5", "opacity: 0.5"),
        ("background:url('a;b')", "background: url(a;b)"),
    ],
)
def test_what_means_the_same_is_spelt_the_same(sent: str, kept: str) -> None:
    assert normal.styles(sent) == normal.styles(kept)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("https://mmbiz.qpic.cn/a/b/0?wx_fmt=png", "http://mmbiz.qpic.cn/a/b/640?from=appmsg"),
        ("https://mp.weixin.qq.com/s/x?a=1", "http://mp.weixin.qq.com/s/x?a=1"),
    ],
)
def test_addresses_are_the_same_without_what_wechat_adds(sent: str, kept: str) -> None:
    assert normal.address(sent) == normal.address(kept)


def test_other_values_stay_different() -> None:
    assert normal.styles("color:#f00") != normal.styles("color:#e00")
    assert normal.address("https://a.com/?a=1") != normal.address("https://a.com/?a=2")
    assert normal.address("http://[") == "http://["
