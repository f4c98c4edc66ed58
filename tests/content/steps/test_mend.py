from typing import Any

import pytest

from content.manuscript import Manuscript
from content.options import RenderOptions
from content.steps.mend import mend_fields
from tests.content.conftest import manuscript


def _mended(**fields: Any) -> Manuscript:
    made = manuscript("x", **fields)
    made.options = RenderOptions(mend=True)
    return made


def test_a_long_digest_is_cut_at_a_word_and_that_is_told() -> None:
    made = _mended(digest="字" * 120 + " and some words")
    mend_fields(made)
    assert made.fields["digest"] == "字" * 120 + " and…"
    assert [warning["code"] for warning in made.warnings] == ["mended_digest"]


def test_the_strict_rule_is_kept_too() -> None:
    made = _mended(digest="字" * 100)
    made.length_rule = "strict"
    mend_fields(made)
    assert made.fields["digest"] == "字" * 39 + "…"


@pytest.mark.parametrize("url", ["www.a.com/x?y=1", "a-b.example.cn"])
def test_a_link_without_its_scheme_gets_it(url: str) -> None:
    made = _mended(content_source_url=url)
    mend_fields(made)
    assert made.fields["content_source_url"] == f"https://{url}"


@pytest.mark.parametrize(
    "url", ["javascript:x", "a b.com", "/path", "https://a.com", "ftp://a.com"]
)
def test_what_could_mean_something_else_is_left(url: str) -> None:
    made = _mended(content_source_url=url, title="字" * 40, author="字" * 20, digest="短")
    mend_fields(made)
    assert made.fields["content_source_url"] == url
    assert not made.warnings


def test_nothing_is_mended_unless_that_is_wanted() -> None:
    made = manuscript("x", digest="字" * 200)
    mend_fields(made)
    assert made.fields["digest"] == "字" * 200
