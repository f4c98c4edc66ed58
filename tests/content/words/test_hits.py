from content.words.hits import WordHit, shown

IN_TEXT = WordHit("甲", "block", "a.txt", "content", 7, 3, 5)
BESIDE = WordHit("乙", "warn", "main/b.txt", "title", 7)


def test_a_hit_says_where_it_is() -> None:
    assert shown([IN_TEXT, BESIDE]) == "content 3:5 “甲” (a.txt); title #8 “乙” (main/b.txt)"


def test_only_the_first_are_told_one_by_one() -> None:
    assert shown([IN_TEXT] * 12).endswith("; … +2")


def test_as_json_it_has_all() -> None:
    assert WordHit(**IN_TEXT.plain()) == IN_TEXT
