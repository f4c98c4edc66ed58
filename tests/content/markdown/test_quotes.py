import pytest

from content.markdown.typography import Piece, improve
from content.options import RenderOptions

ON = RenderOptions(smart_quotes=True)


@pytest.mark.parametrize(
    ("text", "curled"),
    [
        ('他说"你好"。', "他说“你好”。"),
        ("他说\"你'很'好\"。", "他说“你‘很’好”。"),
        ("It's the dogs' bone", "It’s the dogs’ bone"),
        ("She said \"it's 'fine'\".", "She said “it’s ‘fine’”."),
        ("the '90s and rock 'n' roll", "the ’90s and rock ‘n’ roll"),
        ('5\'6" tall, 12" wide', '5\'6" tall, 12" wide'),
        ('only one " left', 'only one " left'),
        ('"a "b" c"', "“a “b” c”"),
        ('中"文', '中"文'),
    ],
)
def test_straight_quotes_in_pairs_are_curled(text: str, curled: str) -> None:
    assert improve([Piece(text)], ON) == [curled]
