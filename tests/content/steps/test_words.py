import json

import pytest

from content.manuscript import Manuscript
from content.refusals import SensitiveWords
from content.steps.words import WordCheck
from content.words.entries import entries_of
from tests.content.conftest import manuscript

LIST = "敏感词\n最佳\twarn\n坏词\treplace\t好词\n笨蛋\treplace\n"


@pytest.fixture
def check() -> WordCheck:
    made = WordCheck()
    learn(made, "v1", LIST)
    return made


def learn(check: WordCheck, name: str, text: str) -> None:
    lists = {"separators": True, "lists": [["a.txt", entries_of(text)]]}
    check.learn(name, json.dumps(lists).encode())


def made(html: str, source: str = "", **fields: str) -> Manuscript:
    article = manuscript(html)
    article.fields = {**fields}
    article.source, article.lexicon = source or html, "v1"
    return article


def test_a_blocked_word_is_refused_with_its_places(check: WordCheck) -> None:
    article = made("<p>一</p><p>有<b>敏</b>感词</p>", "一\n\n有**敏**感词\n", title="敏感詞")
    article.sent = frozenset({"title"})
    with pytest.raises(SensitiveWords) as caught:
        check.check(article)
    error = caught.value.describe("zh", "r")
    assert error["field"] == "title"
    assert error["message"] == (
        "文章有 2 处敏感词：title #1 “敏感词” (a.txt); content 3:4 “敏感词” (a.txt)"
    )


def test_a_word_does_not_reach_from_one_block_into_the_next(check: WordCheck) -> None:
    check.check(article := made("<ul><li>敏</li><li>感词</li></ul><p>敏</p><p>感词</p>"))
    assert article.words == []


def test_warned_words_are_told_and_stay(check: WordCheck) -> None:
    check.check(article := made("<p>最佳，最 佳</p>"))
    assert article.html == "<p>最佳，最 佳</p>"
    (warning,) = article.warnings
    assert warning["code"] == "sensitive_words"
    assert [(hit.offset, hit.line, hit.column) for hit in article.words] == [(0, 1, 4), (3, 1, 7)]


def test_replaced_words_are_replaced_everywhere_and_told_once(check: WordCheck) -> None:
    article = made("<p>坏<b>词</b>与笨 蛋</p>", author="坏词", digest="坏词与笨 蛋")
    article.digest_from_text = True
    check.check(article)
    assert article.html == "<p>好词<b></b>与**</p>"
    assert (article.fields["author"], article.fields["digest"]) == ("好词", "好词与**")
    assert [hit.field for hit in article.words] == ["author", "content", "content"]
    assert [warning["code"] for warning in article.warnings] == ["words_replaced"]


def test_words_of_front_matter_are_found_there(check: WordCheck) -> None:
    source = "---\ndigest: 最佳\nauthor: 最佳\n---\n# 最佳\n\n最佳文章"
    article = made("<p>最佳文章</p>", source, title="最佳", author="最佳", digest="最佳")
    check.check(article)
    assert {hit.field: hit.line for hit in article.words} == {
        "title": 5,
        "author": 3,
        "digest": 2,
        "content": 7,
    }


def test_without_lists_nothing_is_looked_at(check: WordCheck) -> None:
    article = made("<p>敏感词</p>")
    article.lexicon = ""
    check.check(article)
    assert article.words == []


def test_old_lists_are_forgotten(check: WordCheck) -> None:
    for version in range(2, 10):
        learn(check, f"v{version}", LIST)
    assert not check.knows("v1")
    assert check.knows("v9")
    assert check.knows("")


def test_thousands_of_hits_are_all_replaced(check: WordCheck) -> None:
    article = made("<p>" + "坏词x" * 5_000 + "</p>")
    check.check(article)
    assert article.html == "<p>" + "好词x" * 5_000 + "</p>"
    assert article.word_counts == {"replace": 5_000}
    assert len(article.words) == 200


def test_the_place_of_a_blocked_word_is_told_however_many_others_there_are(
    check: WordCheck,
) -> None:
    article = made("<p>" + "最佳x" * 1_000 + "</p><p>敏感词</p>", "最佳x" * 1_000 + "\n\n敏感词")
    with pytest.raises(SensitiveWords) as caught:
        check.check(article)
    assert "content 3:1 “敏感词”" in str(caught.value)
