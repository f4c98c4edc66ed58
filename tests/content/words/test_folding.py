import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.words.folding import BARRIER, Folding

FOLDING = Folding(separators=True)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("敏感詞", "敏感词"),
        ("ＶＸ vx Vx", "vx vx vx"),
        ("㈱", "(株)"),
        ("café", "cafe"),
        ("cafe\u0301", "cafe"),
        ("ガ", "ガ"),
        ("敏 感*词", "敏感词"),
        ("敏\u200b感\u2060词\ufe0f", "敏感词"),
        ("敏\u0336感\u0336词\u0336", "敏感词"),
        ("敏~ _-感", "敏感"),
        ("敏\ufdd0感\uffff词", "敏感词"),
        ("敏\u3164感\u2800词", "敏感词"),
        ("加 V 信", "加v信"),
        ("two  words\n here", "two words here"),
        ("two*words", "two*words"),
        ("买卖，春天", "买卖,春天"),
        ("买卖。春天", "买卖。春天"),
        (f"敏{BARRIER}感", f"敏{BARRIER}感"),
        ("Straße", "strasse"),
    ],
)
def test_all_spellings_have_one_form(text: str, folded: str) -> None:
    assert FOLDING.fold(text).text == folded


def test_separators_stay_where_they_are_not_to_be_skipped() -> None:
    assert Folding(separators=False).fold("敏 感*词\u200b").text == "敏 感*词"


def test_every_place_leads_back_to_its_source() -> None:
    text = "甲㈱乙\u200b丙 * 丁"
    folded = FOLDING.fold(text)
    assert folded.text == "甲(株)乙丙丁"
    spans = [folded.span(at, at + 1) for at in range(len(folded.text))]
    assert [text[start:end] for start, end in spans] == ["甲", "㈱", "㈱", "㈱", "乙", "丙", "丁"]
    assert folded.span(4, 7) == (2, 9)


@given(st.text(), st.data())
def test_any_span_lies_within_its_source(text: str, data: st.DataObject) -> None:
    folded = FOLDING.fold(text)
    if not folded.text:
        return
    start = data.draw(st.integers(0, len(folded.text) - 1))
    end = data.draw(st.integers(start + 1, len(folded.text)))
    first, last = folded.span(start, end)
    assert 0 <= first < last <= len(text)
    assert folded.text[start:end] in FOLDING.fold(text[:last]).text


def test_letters_are_what_is_left_without_marks() -> None:
    assert FOLDING.letters("**敏**感, “词” A1").text == "敏感词a1"


def test_a_hostile_text_does_not_fill_the_memory() -> None:
    folding = Folding(separators=False)
    for block in range(0x4E00, 0x4E00 + 60_000, 20_000):
        folding.fold("".join(map(chr, range(0x10000 + block, 0x10000 + block + 20_000))))
    assert len(folding._table) <= 80_000
    assert folding.fold(f"甲{BARRIER}").text == f"甲{BARRIER}"
