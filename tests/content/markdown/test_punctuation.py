import pytest

from content.markdown.typography import Piece, improve
from content.options import RenderOptions

ON = RenderOptions(cjk_punctuation=True)


@pytest.mark.parametrize(
    ("text", "wide"),
    [
        ("你好,世界.", "你好，世界。"),
        ("真的吗?!好;对:是", "真的吗？！好；对：是"),
        ("你好, 世界", "你好，世界"),
        ("用了GPT,然后", "用了GPT，然后"),
        ("圆周率3.14,约22/7", "圆周率3.14,约22/7".replace(",", "，")),
        ("时间:10:30开始", "时间：10:30开始"),
        ("1.标题的文字", "1.标题的文字"),
        ("等等...还有", "等等...还有"),
        ("文件说明.txt在此", "文件说明.txt在此"),
        ("微信(WeChat)好", "微信（WeChat）好"),
        ("全局锁GIL(全局解释器锁)", "全局锁GIL（全局解释器锁）"),
        ("调用f(x)的值", "调用f(x)的值"),
        ("开心的脸:)", "开心的脸:)"),
        ('他说"好",走了', '他说"好"，走了'),
        ("I love 中文, it is great.", "I love 中文, it is great."),
        ("English only, of course.", "English only, of course."),
        ("见https://a.com/中?a=1,然后呢", "见https://a.com/中？a=1，然后呢"),
        ("半个(括号", "半个(括号"),
    ],
)
def test_punctuation_of_chinese_becomes_wide(text: str, wide: str) -> None:
    assert improve([Piece(text)], ON) == [wide]
