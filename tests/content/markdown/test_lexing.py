from time import process_time

import pytest
from pygments.token import Keyword, Token

from content.markdown.budget import Budget
from content.markdown.lexing import tokens_of


@pytest.fixture
def budget() -> Budget:
    return Budget(10, process_time, chars=10**9)


def test_a_known_language_is_read_into_tokens(budget: Budget) -> None:
    tokens = tokens_of("def f(): pass", "Python", budget)
    assert tokens is not None
    assert tokens[0] == (Keyword, "def")


@pytest.mark.parametrize("language", ["jsonc", "wxml", "kt", "svelte", "conf", "env"])
def test_names_that_authors_use_are_known(budget: Budget, language: str) -> None:
    assert len(tokens_of('<a b="c"> {"a": 1} # x', language, budget) or ()) > 1


@pytest.mark.parametrize("language", ["../../etc/passwd", "nosuch", "", "py\x00", "a" * 9_000])
def test_an_unknown_language_is_plain_and_never_guessed(budget: Budget, language: str) -> None:
    assert tokens_of("def f(): pass", language, budget) == [(Token, "def f(): pass\n")]


@pytest.mark.parametrize(
    ("language", "code"),
    [("make", "(" * 8_000), ("autoit", " " * 8_000), ("livescript", "<" * 8_000)],
)
def test_slow_lexers_are_given_up(budget: Budget, language: str, code: str) -> None:
    assert tokens_of(code, language, budget) is None


def test_a_text_that_no_article_could_hold_is_not_read(budget: Budget) -> None:
    assert tokens_of("x" * 1_000_000, "python", budget) is None
    assert tokens_of("x" * 1_000_000, "", budget) is not None


@pytest.mark.parametrize("code", ["\ufeffx = 1", "\n\n x \n\n", "\t\tx\n", " \n", "\u2028x\x0c"])
@pytest.mark.parametrize("language", ["python", "console", "html", "make", "diff"])
def test_no_character_is_lost(budget: Budget, language: str, code: str) -> None:
    tokens = tokens_of(code, language, budget)
    if tokens is not None:
        assert "".join(text for _, text in tokens) == code + "\n"
