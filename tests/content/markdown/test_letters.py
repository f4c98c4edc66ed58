from content.markdown.letters import count_han, count_words, is_han, is_latin


def test_han_are_chinese_characters_and_kana() -> None:
    assert [char for char in "中々〇あア한，。a1𠀀" if is_han(char)] == list("中々〇あア𠀀")
    assert not is_han("")


def test_latin_is_ascii() -> None:
    assert [char for char in "aZ9é中_" if is_latin(char)] == ["a", "Z", "9"]
    assert not is_latin("")


def test_words_and_characters_are_counted() -> None:
    text = "我用 Python 写 don't-stop 3 次"
    assert (count_han(text), count_words(text)) == (4, 3)
