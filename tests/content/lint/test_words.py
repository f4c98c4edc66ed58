import json
from typing import Any

import pytest

from content.pipeline import Pipeline
from tests.content.conftest import request

LISTS = [["ours", [["坏词", "block"], ["慎用", "warn"], ["旧名", "replace", "新名"]]]]


@pytest.mark.parametrize(
    ("word", "rule", "level"),
    [
        ("坏词", "sensitive_words", "error"),
        ("慎用", "sensitive_words", "warning"),
        ("旧名", "words_replaced", "warning"),
    ],
)
def test_every_word_of_a_list_is_told_where_it_stands(word: str, rule: str, level: str) -> None:
    lists = json.dumps({"lists": LISTS, "separators": ""}).encode()
    arguments: dict[str, Any] = {**request(f"# 题\n\n有{word}，还有{word}。"), "files": None}
    told = Pipeline().lint({**arguments, "lexicon": "1"}, lists)["findings"]
    found = [(each["level"], each["position"]) for each in told if each["rule"] == rule]
    assert found == [(level, (3, 2)), (level, (3, 7))]


def test_without_the_lists_they_are_asked_for() -> None:
    arguments = {**request("x"), "files": None, "lexicon": "unknown"}
    assert Pipeline().lint(arguments) == {"wants_lists": True}
