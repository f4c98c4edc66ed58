import re

# Chinese characters and kana: scripts without spaces between words. Not hangul, which has them.
_HAN = re.compile("[々〇\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")


def is_han(char: str) -> bool:
    """Whether `char` is a Chinese character or kana; "" is not."""
    return _HAN.match(char) is not None


def is_latin(char: str) -> bool:
    """Whether `char` is a letter or digit of ASCII; "" is not."""
    return char.isascii() and char.isalnum()


def count_han(text: str) -> int:
    """How many Chinese characters and kana there are."""
    return len(_HAN.findall(text))


def count_words(text: str) -> int:
    """How many Latin words there are."""
    return len(_WORD.findall(text))
