from store.search import MAX_WORDS, searchable, words_of


def test_a_searched_text_is_lower_case_bounded_and_fit_for_postgresql() -> None:
    assert searchable(["Wxgate 发布", "", "A\x00b"], chars=100) == "wxgate 发布\nab"
    assert searchable(["x" * 99, "y"], chars=99) == "x" * 99


def test_words_are_what_stands_between_spaces() -> None:
    assert words_of("  Python 教程\u3000第一讲 ") == ("python", "教程", "第一讲")
    assert words_of(" \x00 ") == ()
    assert len(words_of("a " * 50)) == MAX_WORDS
